//! INSERT (`transformInsertStmt`).

use crate::sql::ast::{
    InsertStmt, Node, OnConflictAction, OnConflictClause, OverridingKind, RangeVar, ReturningClause,
};

use crate::bound::{
    Body, Distinct, Expr, Insert, InsertSource, Item, Limit, OnConflict, OutputColumn, Query, RangeId, Scan, Select,
    Span,
};
use crate::catalog::{CastContext, RelationKind, Source};
use crate::error::{Error, Result, SqlState};
use crate::types::PgType;

use super::ast::{self, at, span};
use super::coerce::location;
use super::context::{Binder, Kind};
use super::relation::column_type;
use super::scope::NamespaceItem;

impl Binder<'_> {
    pub fn insert(&mut self, insert: &InsertStmt) -> Result<Insert> {
        self.push_scope();
        if let Some(with) = &insert.with_clause {
            self.with_clause(with)?;
        }
        match insert.overriding {
            OverridingKind::OverridingNotSet => {}
            OverridingKind::OverridingUserValue | OverridingKind::OverridingSystemValue => {
                return Err(Error::unsupported("OVERRIDING in INSERT"));
            }
        }
        let name = ast::some(insert.relation.as_ref())?;
        let scan = self.target_scan(name)?;
        let (columns, places) = self.insert_columns(&scan, &insert.cols)?;
        // The source does not see the target: it is bound first.
        let source = match &insert.select_stmt {
            None => InsertSource::Default,
            Some(node) => self.insert_source(node, &scan, &columns, &places)?,
        };
        let (target, item) = self.scan_item(scan, &[], name.alias.is_some());
        self.remember(&item, None);
        let on_conflict = match &insert.on_conflict_clause {
            Some(clause) => self.on_conflict(clause, &target, &item)?,
            None => None,
        };
        self.scope_mut().namespace.push(item);
        let (returning, output) = self.returning(insert.returning_clause.as_deref())?;
        let columns = if matches!(source, InsertSource::Default) { Vec::new() } else { columns };
        let ctes = self.pop_scope().bound_ctes;
        Ok(Insert { ctes, target, columns, source, on_conflict, returning, output })
    }

    /// The target of INSERT, UPDATE, DELETE; its range is given later.
    pub fn target_scan(&mut self, name: &RangeVar) -> Result<Scan> {
        let relation = self.relation(name)?;
        let refuse = |what: &str| {
            let message = format!("cannot change {what} \"{}\"", relation.name);
            Err(Error::new(SqlState::WRONG_OBJECT_TYPE, message))
        };
        match relation.kind {
            RelationKind::Sequence => return refuse("sequence"),
            RelationKind::MaterializedView => return refuse("materialized view"),
            RelationKind::View if matches!(relation.source, Source::View) => {
                return Err(Error::unsupported(format!("changing rows through view \"{}\"", relation.name)));
            }
            RelationKind::ForeignTable | RelationKind::Partitioned | RelationKind::Table | RelationKind::View => {}
        }
        let alias = name.alias.as_ref().map_or_else(|| relation.name.clone(), |alias| alias.aliasname.clone());
        Ok(Scan { range: RangeId(0), relation, alias, only: !name.inh, span: span(name.location) })
    }

    fn insert_columns(&self, scan: &Scan, nodes: &[Node]) -> Result<(Vec<usize>, Vec<Span>)> {
        if nodes.is_empty() {
            let all: Vec<usize> = (0..scan.relation.columns.len()).collect();
            let places = vec![Span::default(); all.len()];
            return Ok((all, places));
        }
        let (mut columns, mut places) = (Vec::new(), Vec::new());
        for node in nodes {
            let Node::ResTarget(target) = node else { return Err(Error::internal("INSERT column")) };
            let place = span(target.location);
            if !target.indirection.is_empty() {
                return Err(at(Error::unsupported("assignment to a part of a column"), place));
            }
            let column = self.target_column(scan, &target.name, place)?;
            if columns.contains(&column) {
                let message = format!("column \"{}\" specified more than once", target.name);
                return Err(at(Error::new(SqlState::DUPLICATE_COLUMN, message), place));
            }
            columns.push(column);
            places.push(place);
        }
        Ok((columns, places))
    }

    pub fn target_column(&self, scan: &Scan, name: &str, place: Span) -> Result<usize> {
        scan.relation.column(name).ok_or_else(|| {
            let message = format!("column \"{name}\" of relation \"{}\" does not exist", scan.relation.name);
            at(Error::new(SqlState::UNDEFINED_COLUMN, message), place)
        })
    }

    fn insert_source(&mut self, node: &Node, scan: &Scan, columns: &[usize], places: &[Span]) -> Result<InsertSource> {
        let select = ast::select(node)?;
        let plain = select.sort_clause.is_empty()
            && select.limit_count.is_none()
            && select.limit_offset.is_none()
            && select.with_clause.is_none()
            && select.locking_clause.is_empty();
        if !select.values_lists.is_empty() && plain {
            return self.insert_values(&select.values_lists, scan, columns, places);
        }
        let query = self.select_statement(select, false)?;
        let count = query.columns.len();
        if count > columns.len() {
            let error = Error::new(SqlState::SYNTAX_ERROR, "INSERT has more expressions than target columns");
            let place = match &query.body {
                Body::Select(select) => select.items.get(columns.len()).map(|item| location(&item.expr)),
                Body::SetOperation(_) | Body::Values(_) => None,
            };
            return Err(at(error, place.unwrap_or_default()));
        }
        self.check_target_count(count, columns, places)?;
        let query = self.coerce_source(query, scan, &columns[..count])?;
        Ok(InsertSource::Query(Box::new(query)))
    }

    /// Explicit columns must all get a value; without a list the rest take their defaults.
    fn check_target_count(&self, count: usize, columns: &[usize], places: &[Span]) -> Result<()> {
        match places.get(count) {
            Some(place) if count < columns.len() && place.0.is_some() => {
                let error = Error::new(SqlState::SYNTAX_ERROR, "INSERT has more target columns than expressions");
                Err(at(error, *place))
            }
            _ => Ok(()),
        }
    }

    fn insert_values(
        &mut self,
        lists: &[Node],
        scan: &Scan,
        columns: &[usize],
        places: &[Span],
    ) -> Result<InsertSource> {
        let kind = if lists.len() == 1 { Kind::ValuesSingle } else { Kind::Values };
        let mut rows = Vec::with_capacity(lists.len());
        let mut width = None;
        for list in lists {
            let nodes = ast::list(list);
            if width.is_some_and(|width| width != nodes.len()) {
                let error = Error::new(SqlState::SYNTAX_ERROR, "VALUES lists must all be the same length");
                return Err(at(error, ast::location(list)));
            }
            width = Some(nodes.len());
            if nodes.len() > columns.len() {
                let error = Error::new(SqlState::SYNTAX_ERROR, "INSERT has more expressions than target columns");
                return Err(at(error, ast::location(&nodes[columns.len()])));
            }
            self.check_target_count(nodes.len(), columns, places)?;
            let mut row = Vec::with_capacity(columns.len());
            for (node, column) in nodes.iter().zip(columns) {
                row.push(self.assigned(node, scan, *column, kind)?);
            }
            // Without a column list, those left out take their defaults.
            row.resize_with(columns.len(), || None);
            rows.push(row);
        }
        Ok(InsertSource::Values(rows))
    }

    /// A value for a column; `None` for DEFAULT.
    pub fn assigned(&mut self, node: &Node, scan: &Scan, column: usize, kind: Kind) -> Result<Option<Expr>> {
        if matches!(node, Node::SetToDefault(_)) {
            return Ok(None);
        }
        let expr = self.expr_in(node, kind)?;
        self.assign(expr, scan, column).map(Some)
    }

    /// `transformAssignedExpr`.
    pub fn assign(&mut self, expr: Expr, scan: &Scan, column: usize) -> Result<Expr> {
        let attribute = &scan.relation.columns[column];
        if attribute.generated != '\0' {
            let message = format!("cannot insert a non-DEFAULT value into column \"{}\"", attribute.name);
            return Err(Error::new(SqlState::parse("428C9").unwrap_or(SqlState::SYNTAX_ERROR), message)
                .detail(format!("Column \"{}\" is a generated column.", attribute.name)));
        }
        if attribute.identity == 'a' {
            let message = format!("cannot insert a non-DEFAULT value into column \"{}\"", attribute.name);
            return Err(Error::new(SqlState::parse("428C9").unwrap_or(SqlState::SYNTAX_ERROR), message)
                .detail(format!("Column \"{}\" is an identity column defined as GENERATED ALWAYS.", attribute.name))
                .hint("Use OVERRIDING SYSTEM VALUE to override."));
        }
        let (source, place) = (expr.ty.oid, location(&expr));
        match self.coerce_to(expr, attribute.ty, attribute.typmod, CastContext::Assignment, Span::default())? {
            Some(expr) => Ok(expr),
            None => {
                let message = format!(
                    "column \"{}\" is of type {} but expression is of type {}",
                    attribute.name,
                    self.format_type(attribute.ty),
                    self.format_type(source)
                );
                let error = Error::new(SqlState::DATATYPE_MISMATCH, message)
                    .hint("You will need to rewrite or cast the expression.");
                Err(at(error, place))
            }
        }
    }

    /// Brings a query's columns to the target's types.
    fn coerce_source(&mut self, mut query: Query, scan: &Scan, columns: &[usize]) -> Result<Query> {
        let differs = query.columns.iter().zip(columns).any(|(own, column)| {
            let target = column_type(&scan.relation, *column);
            own.ty.oid != target.oid || (target.typmod != -1 && own.ty.typmod != target.typmod)
        });
        let special = columns.iter().any(|column| {
            let column = &scan.relation.columns[*column];
            column.generated != '\0' || column.identity == 'a'
        });
        if !differs && !special {
            return Ok(query);
        }
        let sorted = !query.order_by.is_empty() || query.limit.with_ties;
        if let Body::Select(select) = &mut query.body {
            let free = matches!(select.distinct, Distinct::All) && !sorted;
            let visible: Vec<usize> = (0..select.items.len()).filter(|index| !select.items[*index].hidden).collect();
            let unknown = visible.iter().any(|index| select.items[*index].expr.ty.oid == PgType::UNKNOWN);
            if free || unknown {
                for (position, index) in visible.into_iter().enumerate() {
                    let item = &mut select.items[index];
                    if free || item.expr.ty.oid == PgType::UNKNOWN {
                        item.expr = self.assign(item.expr.clone(), scan, columns[position])?;
                        query.columns[position].ty = item.expr.ty.clone();
                    }
                }
            }
            if free {
                return Ok(query);
            }
        }
        let names = query.columns.iter().map(|column| column.name.as_str().into()).collect();
        let (from, item) = self.subquery_item(query, names, "*SELECT*".to_owned(), false);
        let mut items = Vec::with_capacity(columns.len());
        for (source, column) in item.columns.iter().zip(columns) {
            let expr = self.assign(source.expr.clone(), scan, *column)?;
            items.push(Item { expr, name: source.name.to_string(), hidden: false });
        }
        let output = self.output_columns(&items);
        let body = Select {
            distinct: Distinct::All,
            items,
            from: vec![from],
            filter: None,
            group_by: None,
            having: None,
            aggregated: false,
        };
        Ok(Query {
            ctes: Vec::new(),
            body: Body::Select(Box::new(body)),
            columns: output,
            order_by: Vec::new(),
            limit: Limit::default(),
            locking: Vec::new(),
        })
    }

    fn on_conflict(
        &mut self,
        clause: &OnConflictClause,
        target: &Scan,
        item: &NamespaceItem,
    ) -> Result<Option<OnConflict>> {
        let update = match clause.action {
            OnConflictAction::OnconflictUpdate => true,
            OnConflictAction::OnconflictNothing => false,
            OnConflictAction::OnconflictNone => return Ok(None),
        };
        let mut columns = Vec::new();
        if let Some(infer) = &clause.infer {
            let place = span(infer.location);
            if infer.where_clause.is_some() {
                return Err(at(Error::unsupported("ON CONFLICT with a predicate"), place));
            }
            for node in &infer.index_elems {
                let Node::IndexElem(element) = node else { return Err(Error::internal("inference")) };
                if element.name.is_empty() || !element.collation.is_empty() || !element.opclass.is_empty() {
                    return Err(at(Error::unsupported("ON CONFLICT over an expression"), place));
                }
                columns.push(target.relation.column(&element.name).ok_or_else(|| {
                    let message = format!("column \"{}\" does not exist", element.name);
                    at(Error::new(SqlState::UNDEFINED_COLUMN, message), place)
                })?);
            }
            if !infer.conname.is_empty() {
                let constraint = target.relation.constraints.iter().find(|other| other.name == infer.conname);
                let Some(constraint) = constraint else {
                    let message = format!(
                        "constraint \"{}\" for table \"{}\" does not exist",
                        infer.conname, target.relation.name
                    );
                    return Err(at(Error::new(SqlState::UNDEFINED_OBJECT, message), place));
                };
                for attnum in &constraint.columns {
                    let found = target.relation.columns.iter().position(|column| column.attnum == *attnum);
                    columns.extend(found);
                }
            }
        } else if update {
            let message = "ON CONFLICT DO UPDATE requires inference specification or constraint name";
            let error = Error::new(SqlState::SYNTAX_ERROR, message).hint("For example, ON CONFLICT (column_name).");
            return Err(at(error, span(clause.location)));
        }
        let excluded_scan = Scan { alias: "excluded".to_owned(), range: RangeId(0), ..target.clone() };
        let (excluded, mut excluded_item) = self.scan_item(excluded_scan, &[], true);
        if !update {
            return Ok(Some(OnConflict {
                target: columns,
                assignments: Vec::new(),
                excluded: excluded.range,
                filter: None,
            }));
        }
        excluded_item.relation = None;
        // Unqualified names are the target's columns and EXCLUDED's alike: PostgreSQL hides neither.
        let names = vec![item.clone(), excluded_item];
        let saved = std::mem::replace(&mut self.scope_mut().namespace, names);
        let assignments = self.set_clause(&clause.target_list, target)?;
        let filter = match &clause.where_clause {
            Some(node) => {
                let filter = self.expr_in(node, Kind::Where)?;
                Some(self.coerce_boolean(filter, "WHERE")?)
            }
            None => None,
        };
        self.scope_mut().namespace = saved;
        Ok(Some(OnConflict { target: columns, assignments, excluded: excluded.range, filter }))
    }

    pub fn returning(&mut self, clause: Option<&ReturningClause>) -> Result<(Vec<Item>, Vec<OutputColumn>)> {
        let Some(clause) = clause.filter(|clause| !clause.exprs.is_empty()) else {
            return Ok((Vec::new(), Vec::new()));
        };
        if !clause.options.is_empty() {
            return Err(Error::unsupported("RETURNING WITH (OLD/NEW)"));
        }
        let mut items = self.target_list(&clause.exprs, Kind::Returning)?;
        self.resolve_unknown_items(&mut items)?;
        let output = self.output_columns(&items);
        Ok((items, output))
    }
}
