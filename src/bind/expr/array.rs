//! ARRAY[...], subscripts and field selection.

use crate::sql::ast::{AArrayExpr, AIndices, Node};

use crate::bound::{Expr, ExprKind, ExprType, Span};
use crate::catalog::CastContext;
use crate::error::{Error, Result, SqlState};
use crate::types::{Datum, PgType};

use crate::bind::ast::{at, span};
use crate::bind::coerce::location;
use crate::bind::collation;
use crate::bind::context::Binder;

impl Binder<'_> {
    /// `ARRAY[...]`; `target` is the (array type, element type, typmod) of a cast around it.
    pub(super) fn array(&mut self, array: &AArrayExpr, target: Option<(PgType, PgType, i32)>) -> Result<Expr> {
        self.grown(|binder| binder.array_inner(array, target))
    }

    fn array_inner(&mut self, array: &AArrayExpr, target: Option<(PgType, PgType, i32)>) -> Result<Expr> {
        let place = span(array.location);
        let mut elements = Vec::with_capacity(array.elements.len());
        let mut multidimensional = false;
        for node in &array.elements {
            let element = match node {
                Node::AArrayExpr(inner) => {
                    multidimensional = true;
                    self.array(inner, target)?
                }
                _ => {
                    let element = self.expr(node)?;
                    multidimensional |= self.element_of(element.ty.oid).is_some();
                    element
                }
            };
            elements.push(element);
        }
        let (array_type, element_type, typmod, hard) = match target {
            Some((array_type, element_type, typmod)) => {
                (array_type, if multidimensional { array_type } else { element_type }, typmod, true)
            }
            None if elements.is_empty() => {
                let error = Error::new(SqlState::INDETERMINATE_DATATYPE, "cannot determine type of empty array")
                    .hint("Explicitly cast to the desired type, for example ARRAY[]::integer[].");
                return Err(at(error, place));
            }
            None => {
                let refs: Vec<&Expr> = elements.iter().collect();
                let common = self.common_type(&refs, Some("ARRAY"))?;
                let array_type = if multidimensional {
                    if self.element_of(common).is_none() {
                        let message = format!("could not find element type for data type {}", self.format_type(common));
                        return Err(at(Error::new(SqlState::UNDEFINED_OBJECT, message), place));
                    }
                    common
                } else {
                    self.array_of(common).ok_or_else(|| {
                        let message = format!("could not find array type for data type {}", self.format_type(common));
                        at(Error::new(SqlState::UNDEFINED_OBJECT, message), place)
                    })?
                };
                (array_type, common, -1, false)
            }
        };
        let mut coerced = Vec::with_capacity(elements.len());
        for element in elements {
            if !hard {
                coerced.push(self.coerce_common(element, element_type, "ARRAY")?);
                continue;
            }
            let (source, begin) = (element.ty.oid, location(&element));
            match self.coerce_to(element, element_type, typmod, CastContext::Explicit, Span::default())? {
                Some(element) => coerced.push(element),
                None => {
                    let message =
                        format!("cannot cast type {} to {}", self.format_type(source), self.format_type(element_type));
                    return Err(at(Error::new(SqlState::CANNOT_COERCE, message), begin));
                }
            }
        }
        let mut ty = collation::derived(array_type, -1, &coerced)?;
        ty.typmod = if coerced.is_empty() { -1 } else { self.common_typmod(&coerced, element_type) };
        ty.fields = coerced.iter().find_map(|element| element.ty.fields.clone());
        Ok(Expr::new(ExprKind::Array { elements: coerced, multidimensional }, ty, place))
    }

    /// Subscripts and fields behind a value (`transformIndirection`).
    pub fn indirection(&mut self, base: Expr, path: &[Node], place: Span) -> Result<Expr> {
        let mut current = base;
        let mut position = 0;
        while position < path.len() {
            match &path[position] {
                Node::AIndices(_) => {
                    let end = path[position..]
                        .iter()
                        .position(|node| !matches!(node, Node::AIndices(_)))
                        .map_or(path.len(), |count| position + count);
                    let indices: Vec<&AIndices> = path[position..end]
                        .iter()
                        .filter_map(|node| match node {
                            Node::AIndices(indices) => Some(&**indices),
                            _ => None,
                        })
                        .collect();
                    current = self.subscript(current, &indices)?;
                    position = end;
                }
                Node::String(name) => {
                    current = self.select_field(current, name, place)?;
                    position += 1;
                }
                Node::AStar => {
                    let error =
                        Error::new(SqlState::FEATURE_NOT_SUPPORTED, "row expansion via \"*\" is not supported here");
                    return Err(at(error, place));
                }
                _ => return Err(Error::internal("indirection")),
            }
        }
        Ok(current)
    }

    fn select_field(&mut self, record: Expr, name: &str, place: Span) -> Result<Expr> {
        if let Some(field) = self.field(&record, name, place) {
            return Ok(field);
        }
        let ty = record.ty.oid;
        let whole = match &record.kind {
            ExprKind::WholeRow { range } => Some(self.range(*range).alias.clone()),
            _ => None,
        };
        let is_row = ty == PgType::RECORD || self.is_composite(ty);
        if is_row && let Some(expr) = self.field_function(record, name, place)? {
            return Ok(expr);
        }
        let error = if let Some(alias) = whole {
            Error::new(SqlState::UNDEFINED_COLUMN, format!("column {alias}.{name} does not exist"))
        } else if ty == PgType::RECORD {
            Error::new(SqlState::UNDEFINED_COLUMN, format!("could not identify column \"{name}\" in record data type"))
        } else if is_row {
            let message = format!("column \"{name}\" not found in data type {}", self.format_type(ty));
            Error::new(SqlState::UNDEFINED_COLUMN, message)
        } else {
            let message = format!(
                "column notation .{name} applied to type {}, which is not a composite type",
                self.format_type(ty)
            );
            Error::new(SqlState::WRONG_OBJECT_TYPE, message)
        };
        Err(at(error, place))
    }

    fn subscript(&mut self, container: Expr, indices: &[&AIndices]) -> Result<Expr> {
        let place = location(&container);
        let (base, _) = self.base_type(container.ty.oid);
        let slice = indices.iter().any(|index| index.is_slice);
        let json = base == PgType::JSONB;
        let element = match self.array_element_of(base) {
            Some(element) => element,
            None if json => PgType::JSONB,
            None => {
                let message = format!(
                    "cannot subscript type {} because it does not support subscripting",
                    self.format_type(container.ty.oid)
                );
                return Err(at(Error::new(SqlState::DATATYPE_MISMATCH, message), place));
            }
        };
        if !json && indices.len() > 6 {
            let message = format!("number of array dimensions ({}) exceeds the maximum allowed (6)", indices.len());
            return Err(at(Error::new(SqlState::PROGRAM_LIMIT_EXCEEDED, message), place));
        }
        if json && slice {
            let error = Error::new(SqlState::DATATYPE_MISMATCH, "jsonb subscript does not support slices");
            return Err(at(error, place));
        }
        let (mut lower, mut upper) = (Vec::new(), Vec::new());
        for index in indices {
            if slice {
                lower.push(match (&index.lidx, index.is_slice) {
                    (Some(node), _) => Some(self.array_index(node)?),
                    (None, true) => None,
                    // A plain index among slices is 1:index.
                    (None, false) => Some(Expr::literal(Datum::Int4(1), PgType::INT4)),
                });
            }
            upper.push(match &index.uidx {
                Some(node) if json => Some(self.json_index(node)?),
                Some(node) => Some(self.array_index(node)?),
                None => None,
            });
        }
        let (oid, typmod) = if slice { (base, container.ty.typmod) } else { (element, container.ty.typmod) };
        let mut ty = ExprType::with_typmod(oid, if json { -1 } else { typmod });
        if oid.is_collatable() {
            ty.collation = container.ty.collation.clone();
        }
        ty.fields = container.ty.fields.clone();
        let kind = ExprKind::Subscript { container: Box::new(container), lower, upper, slice };
        Ok(Expr::new(kind, ty, place))
    }

    fn array_index(&mut self, node: &Node) -> Result<Expr> {
        let index = self.expr(node)?;
        let begin = location(&index);
        match self.coerce_to(index, PgType::INT4, -1, CastContext::Assignment, Span::default())? {
            Some(index) => Ok(index),
            None => Err(at(Error::new(SqlState::DATATYPE_MISMATCH, "array subscript must have type integer"), begin)),
        }
    }

    fn json_index(&mut self, node: &Node) -> Result<Expr> {
        let index = self.expr(node)?;
        let ty = index.ty.oid;
        let to_integer = ty != PgType::UNKNOWN && self.can_coerce(ty, PgType::INT4, CastContext::Implicit);
        let to_text = ty == PgType::UNKNOWN || self.can_coerce(ty, PgType::TEXT, CastContext::Implicit);
        match (to_integer, to_text) {
            (true, false) => self.coerce_implicit(index, PgType::INT4),
            (false, true) => self.coerce_implicit(index, PgType::TEXT),
            _ => {
                let message = format!("subscript type {} is not supported", self.format_type(ty));
                let error = Error::new(SqlState::DATATYPE_MISMATCH, message)
                    .hint("jsonb subscript must be coercible to either integer or text.");
                Err(at(error, location(&index)))
            }
        }
    }
}
