//! Arrays of a foreign target: constructors, constants, subscripts.

use crate::bound::{Expr, ExprType};
use crate::dialect::print::{Construct, Printer, Rewrite, SyntaxRule};
use crate::dialect::rules::{CarrierRule, NamedType};
use crate::error::{Error, Result};
use crate::types::{ArrayValue, PgType};

impl<'a> Printer<'a> {
    /// Has the target arrays of that type, whose elements come as they are?
    pub(in crate::dialect::print) fn has_arrays(&self, ty: PgType) -> bool {
        let native = matches!(self.target.dialect.syntax(Construct::Array), Some(SyntaxRule::Native));
        let plain = |named: &NamedType| named.carrier == CarrierRule::Native && named.fetch.is_none();
        native && self.target.dialect.named(ty).is_some_and(plain)
    }

    pub(in crate::dialect::print) fn foreign_array(
        &mut self,
        elements: &'a [Expr],
        nested: bool,
        ty: &ExprType,
    ) -> Result<()> {
        if nested {
            return Err(self.refuse("an array of arrays"));
        }
        let name = self.type_name(ty.oid, -1)?;
        self.push("CAST(ARRAY[");
        self.list(elements, |printer, element| printer.expr(element))?;
        self.push("] AS ");
        self.push(&name);
        self.push(")");
        Ok(())
    }

    /// A constant array of one dimension that counts from 1.
    pub(in crate::dialect::print) fn array_literal(&mut self, value: &ArrayValue, ty: PgType) -> Result<()> {
        self.construct(Construct::Array)?;
        let plain = value.dimensions.is_empty() || matches!(value.dimensions[..], [(_, 1)]);
        if !plain || !self.has_arrays(ty) {
            return Err(self.refuse(format!("a constant of type {}", ty.name())));
        }
        let element = ty.element().ok_or_else(|| Error::internal("an array without elements"))?;
        let name = self.type_name(ty, -1)?;
        self.push("CAST(ARRAY[");
        for (n, item) in value.values.iter().enumerate() {
            if n > 0 {
                self.push(", ");
            }
            self.literal(item, &ExprType::of(element))?;
        }
        self.push("] AS ");
        self.push(&name);
        self.push(")");
        Ok(())
    }

    /// `array[index]`: NULL below 1, where the target counts from the end. The cast fails for an array in an array, which is NULL here.
    pub(in crate::dialect::print) fn foreign_subscript(
        &mut self,
        container: &'a Expr,
        index: &'a Expr,
        ty: &ExprType,
    ) -> Result<()> {
        let strict = matches!(
            ty.oid,
            PgType::BOOL
                | PgType::DATE
                | PgType::FLOAT4
                | PgType::FLOAT8
                | PgType::INT2
                | PgType::INT4
                | PgType::INT8
                | PgType::TIMESTAMP
        );
        if !container.ty.oid.is_array() || !strict {
            return Err(self.refuse(format!("a subscript that gives {}", ty.oid.name())));
        }
        let name = self.type_name(ty.oid, -1)?;
        let rule = self.target.dialect.syntax(Construct::Subscript);
        let (before, between, after) = match rule {
            Some(SyntaxRule::Rule(Rewrite::ElementAt)) => (" > 0 THEN CAST(element_at(", ", ", ") AS "),
            _ => (" > 0 THEN CAST((", ")[", "] AS "),
        };
        self.once(index)?;
        self.push("CASE WHEN ");
        self.expr(index)?;
        self.push(before);
        self.expr(container)?;
        self.push(between);
        self.expr(index)?;
        self.push(after);
        self.push(&name);
        self.push(") END");
        Ok(())
    }
}
