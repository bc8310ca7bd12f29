//! Weaker conditions (invariant 11): what holds wherever a condition holds or raises, for a target that cannot say the condition itself.

use super::{Printer, is_volatile};
use crate::bound::{Expr, ExprKind};
use crate::catalog::Function;
use crate::error::{Error, Result, SqlState};

/// A place to come back to when what was tried cannot be said.
struct Mark {
    out: usize,
    spans: usize,
    params: usize,
    approximations: usize,
}

impl<'a> Printer<'a> {
    /// ` WHERE ...` weaker than the condition, if anything of it can be said.
    pub(super) fn weakened_filter(&mut self, filter: &'a Expr) -> Result<()> {
        let mark = self.mark();
        self.push(" WHERE ");
        match self.weakened(filter) {
            Ok(()) => Ok(()),
            Err(error) if error.state() == SqlState::FEATURE_NOT_SUPPORTED => {
                self.back(&mark);
                Err(error)
            }
            Err(error) => Err(error),
        }
    }

    /// A condition that is TRUE wherever this one is TRUE or raises.
    fn weakened(&mut self, expr: &'a Expr) -> Result<()> {
        let mark = self.mark();
        let refused = match self.expr(expr) {
            Err(error) if error.state() == SqlState::FEATURE_NOT_SUPPORTED => error,
            done => return done,
        };
        self.back(&mark);
        match &expr.kind {
            ExprKind::And(args) => {
                // A conjunct of which nothing can be said is left out.
                let mut first = true;
                self.push("(");
                for arg in args {
                    let mark = self.mark();
                    if !first {
                        self.push(" AND ");
                    }
                    match self.weakened(arg) {
                        Ok(()) => first = false,
                        Err(error) if error.state() == SqlState::FEATURE_NOT_SUPPORTED => self.back(&mark),
                        Err(error) => return Err(error),
                    }
                }
                self.push(")");
                if first { Err(refused) } else { Ok(()) }
            }
            ExprKind::Or(args) => {
                self.push("(");
                for (n, arg) in args.iter().enumerate() {
                    if n > 0 {
                        self.push(" OR ");
                    }
                    self.weakened(arg)?;
                }
                self.push(")");
                Ok(())
            }
            ExprKind::Not(arg) => {
                let ExprKind::Call { function, args, .. } = &arg.kind else { return Err(refused) };
                self.push("(NOT COALESCE(");
                self.weaker_call(function, args, true, refused)?;
                self.push(", FALSE))");
                Ok(())
            }
            ExprKind::Call { function, args, .. } => self.weaker_call(function, args, false, refused),
            _ => Err(refused),
        }
    }

    fn weaker_call(&mut self, function: &'a Function, args: &'a [Expr], subset: bool, refused: Error) -> Result<()> {
        let Some(rule) = self.target.dialect.function(function.oid) else { return Err(refused) };
        let Some(template) = (if subset { &rule.subset } else { &rule.superset }) else { return Err(refused) };
        if args.iter().any(is_volatile) {
            return Err(refused);
        }
        let args: Vec<&'a Expr> = args.iter().collect();
        // A superset holds by construction: its row's evidence is about the exact form.
        let what = || format!("function {}", function.signature());
        let outer = std::mem::replace(&mut self.weaker, true);
        let printed = self.guarded(rule, template, &args, &what, true);
        self.weaker = outer;
        printed
    }

    fn mark(&self) -> Mark {
        Mark {
            out: self.out.len(),
            spans: self.spans.len(),
            params: self.params.len(),
            approximations: self.approximations.len(),
        }
    }

    fn back(&mut self, mark: &Mark) {
        self.out.truncate(mark.out);
        self.spans.truncate(mark.spans);
        self.params.truncate(mark.params);
        self.approximations.truncate(mark.approximations);
    }
}
