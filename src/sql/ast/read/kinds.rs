//! Kinds: the grammar's numbers as ours.

use pg_raw_parse::raw;

use crate::sql::ast::*;

pub(super) fn a_expr_kind(raw: raw::A_Expr_Kind::Type) -> AExprKind {
    match raw {
        raw::A_Expr_Kind::AEXPR_OP_ANY => AExprKind::AexprOpAny,
        raw::A_Expr_Kind::AEXPR_OP_ALL => AExprKind::AexprOpAll,
        raw::A_Expr_Kind::AEXPR_DISTINCT => AExprKind::AexprDistinct,
        raw::A_Expr_Kind::AEXPR_NOT_DISTINCT => AExprKind::AexprNotDistinct,
        raw::A_Expr_Kind::AEXPR_NULLIF => AExprKind::AexprNullif,
        raw::A_Expr_Kind::AEXPR_IN => AExprKind::AexprIn,
        raw::A_Expr_Kind::AEXPR_LIKE => AExprKind::AexprLike,
        raw::A_Expr_Kind::AEXPR_ILIKE => AExprKind::AexprIlike,
        raw::A_Expr_Kind::AEXPR_SIMILAR => AExprKind::AexprSimilar,
        raw::A_Expr_Kind::AEXPR_BETWEEN => AExprKind::AexprBetween,
        raw::A_Expr_Kind::AEXPR_NOT_BETWEEN => AExprKind::AexprNotBetween,
        raw::A_Expr_Kind::AEXPR_BETWEEN_SYM => AExprKind::AexprBetweenSym,
        raw::A_Expr_Kind::AEXPR_NOT_BETWEEN_SYM => AExprKind::AexprNotBetweenSym,
        _ => AExprKind::AexprOp,
    }
}

pub(super) fn bool_expr_type(raw: raw::BoolExprType::Type) -> BoolExprType {
    match raw {
        raw::BoolExprType::OR_EXPR => BoolExprType::OrExpr,
        raw::BoolExprType::NOT_EXPR => BoolExprType::NotExpr,
        _ => BoolExprType::AndExpr,
    }
}

pub(super) fn bool_test_type(raw: raw::BoolTestType::Type) -> BoolTestType {
    match raw {
        raw::BoolTestType::IS_NOT_TRUE => BoolTestType::IsNotTrue,
        raw::BoolTestType::IS_FALSE => BoolTestType::IsFalse,
        raw::BoolTestType::IS_NOT_FALSE => BoolTestType::IsNotFalse,
        raw::BoolTestType::IS_UNKNOWN => BoolTestType::IsUnknown,
        raw::BoolTestType::IS_NOT_UNKNOWN => BoolTestType::IsNotUnknown,
        _ => BoolTestType::IsTrue,
    }
}

pub(super) fn coercion_form(raw: raw::CoercionForm::Type) -> CoercionForm {
    match raw {
        raw::CoercionForm::COERCE_EXPLICIT_CAST => CoercionForm::CoerceExplicitCast,
        raw::CoercionForm::COERCE_IMPLICIT_CAST => CoercionForm::CoerceImplicitCast,
        raw::CoercionForm::COERCE_SQL_SYNTAX => CoercionForm::CoerceSqlSyntax,
        _ => CoercionForm::CoerceExplicitCall,
    }
}

pub(super) fn cte_materialize(raw: raw::CTEMaterialize::Type) -> CteMaterialize {
    match raw {
        raw::CTEMaterialize::CTEMaterializeAlways => CteMaterialize::Always,
        raw::CTEMaterialize::CTEMaterializeNever => CteMaterialize::Never,
        _ => CteMaterialize::Default,
    }
}

pub(super) fn def_elem_action(raw: raw::DefElemAction::Type) -> DefElemAction {
    match raw {
        raw::DefElemAction::DEFELEM_SET => DefElemAction::DefelemSet,
        raw::DefElemAction::DEFELEM_ADD => DefElemAction::DefelemAdd,
        raw::DefElemAction::DEFELEM_DROP => DefElemAction::DefelemDrop,
        _ => DefElemAction::DefelemUnspec,
    }
}

pub(super) fn discard_mode(raw: raw::DiscardMode::Type) -> DiscardMode {
    match raw {
        raw::DiscardMode::DISCARD_PLANS => DiscardMode::DiscardPlans,
        raw::DiscardMode::DISCARD_SEQUENCES => DiscardMode::DiscardSequences,
        raw::DiscardMode::DISCARD_TEMP => DiscardMode::DiscardTemp,
        _ => DiscardMode::DiscardAll,
    }
}

pub(super) fn drop_behavior(raw: raw::DropBehavior::Type) -> DropBehavior {
    match raw {
        raw::DropBehavior::DROP_CASCADE => DropBehavior::DropCascade,
        _ => DropBehavior::DropRestrict,
    }
}

pub(super) fn fetch_direction(raw: raw::FetchDirection::Type) -> FetchDirection {
    match raw {
        raw::FetchDirection::FETCH_BACKWARD => FetchDirection::FetchBackward,
        raw::FetchDirection::FETCH_ABSOLUTE => FetchDirection::FetchAbsolute,
        raw::FetchDirection::FETCH_RELATIVE => FetchDirection::FetchRelative,
        _ => FetchDirection::FetchForward,
    }
}

pub(super) fn grant_target_type(raw: raw::GrantTargetType::Type) -> GrantTargetType {
    match raw {
        raw::GrantTargetType::ACL_TARGET_ALL_IN_SCHEMA => GrantTargetType::AclTargetAllInSchema,
        raw::GrantTargetType::ACL_TARGET_DEFAULTS => GrantTargetType::AclTargetDefaults,
        _ => GrantTargetType::AclTargetObject,
    }
}

pub(super) fn grouping_set_kind(raw: raw::GroupingSetKind::Type) -> GroupingSetKind {
    match raw {
        raw::GroupingSetKind::GROUPING_SET_SIMPLE => GroupingSetKind::GroupingSetSimple,
        raw::GroupingSetKind::GROUPING_SET_ROLLUP => GroupingSetKind::GroupingSetRollup,
        raw::GroupingSetKind::GROUPING_SET_CUBE => GroupingSetKind::GroupingSetCube,
        raw::GroupingSetKind::GROUPING_SET_SETS => GroupingSetKind::GroupingSetSets,
        _ => GroupingSetKind::GroupingSetEmpty,
    }
}

pub(super) fn import_foreign_schema_type(raw: raw::ImportForeignSchemaType::Type) -> ImportForeignSchemaType {
    match raw {
        raw::ImportForeignSchemaType::FDW_IMPORT_SCHEMA_LIMIT_TO => ImportForeignSchemaType::FdwImportSchemaLimitTo,
        raw::ImportForeignSchemaType::FDW_IMPORT_SCHEMA_EXCEPT => ImportForeignSchemaType::FdwImportSchemaExcept,
        _ => ImportForeignSchemaType::FdwImportSchemaAll,
    }
}

pub(super) fn join_type(raw: raw::JoinType::Type) -> JoinType {
    match raw {
        raw::JoinType::JOIN_LEFT => JoinType::JoinLeft,
        raw::JoinType::JOIN_FULL => JoinType::JoinFull,
        raw::JoinType::JOIN_RIGHT => JoinType::JoinRight,
        raw::JoinType::JOIN_SEMI => JoinType::JoinSemi,
        raw::JoinType::JOIN_ANTI => JoinType::JoinAnti,
        raw::JoinType::JOIN_RIGHT_SEMI => JoinType::JoinRightSemi,
        raw::JoinType::JOIN_RIGHT_ANTI => JoinType::JoinRightAnti,
        raw::JoinType::JOIN_UNIQUE_OUTER => JoinType::JoinUniqueOuter,
        raw::JoinType::JOIN_UNIQUE_INNER => JoinType::JoinUniqueInner,
        _ => JoinType::JoinInner,
    }
}

pub(super) fn limit_option(raw: raw::LimitOption::Type) -> LimitOption {
    match raw {
        raw::LimitOption::LIMIT_OPTION_COUNT => LimitOption::Count,
        raw::LimitOption::LIMIT_OPTION_WITH_TIES => LimitOption::WithTies,
        _ => LimitOption::Default,
    }
}

pub(super) fn lock_clause_strength(raw: raw::LockClauseStrength::Type) -> LockClauseStrength {
    match raw {
        raw::LockClauseStrength::LCS_FORKEYSHARE => LockClauseStrength::LcsForkeyshare,
        raw::LockClauseStrength::LCS_FORSHARE => LockClauseStrength::LcsForshare,
        raw::LockClauseStrength::LCS_FORNOKEYUPDATE => LockClauseStrength::LcsFornokeyupdate,
        raw::LockClauseStrength::LCS_FORUPDATE => LockClauseStrength::LcsForupdate,
        _ => LockClauseStrength::LcsNone,
    }
}

pub(super) fn lock_wait_policy(raw: raw::LockWaitPolicy::Type) -> LockWaitPolicy {
    match raw {
        raw::LockWaitPolicy::LockWaitSkip => LockWaitPolicy::LockWaitSkip,
        raw::LockWaitPolicy::LockWaitError => LockWaitPolicy::LockWaitError,
        _ => LockWaitPolicy::LockWaitBlock,
    }
}

pub(super) fn min_max_op(raw: raw::MinMaxOp::Type) -> MinMaxOp {
    match raw {
        raw::MinMaxOp::IS_LEAST => MinMaxOp::IsLeast,
        _ => MinMaxOp::IsGreatest,
    }
}

pub(super) fn null_test_type(raw: raw::NullTestType::Type) -> NullTestType {
    match raw {
        raw::NullTestType::IS_NOT_NULL => NullTestType::IsNotNull,
        _ => NullTestType::IsNull,
    }
}

pub(super) fn object_type(raw: raw::ObjectType::Type) -> ObjectType {
    match raw {
        raw::ObjectType::OBJECT_AGGREGATE => ObjectType::ObjectAggregate,
        raw::ObjectType::OBJECT_AMOP => ObjectType::ObjectAmop,
        raw::ObjectType::OBJECT_AMPROC => ObjectType::ObjectAmproc,
        raw::ObjectType::OBJECT_ATTRIBUTE => ObjectType::ObjectAttribute,
        raw::ObjectType::OBJECT_CAST => ObjectType::ObjectCast,
        raw::ObjectType::OBJECT_COLUMN => ObjectType::ObjectColumn,
        raw::ObjectType::OBJECT_COLLATION => ObjectType::ObjectCollation,
        raw::ObjectType::OBJECT_CONVERSION => ObjectType::ObjectConversion,
        raw::ObjectType::OBJECT_DATABASE => ObjectType::ObjectDatabase,
        raw::ObjectType::OBJECT_DEFAULT => ObjectType::ObjectDefault,
        raw::ObjectType::OBJECT_DEFACL => ObjectType::ObjectDefacl,
        raw::ObjectType::OBJECT_DOMAIN => ObjectType::ObjectDomain,
        raw::ObjectType::OBJECT_DOMCONSTRAINT => ObjectType::ObjectDomconstraint,
        raw::ObjectType::OBJECT_EVENT_TRIGGER => ObjectType::ObjectEventTrigger,
        raw::ObjectType::OBJECT_EXTENSION => ObjectType::ObjectExtension,
        raw::ObjectType::OBJECT_FDW => ObjectType::ObjectFdw,
        raw::ObjectType::OBJECT_FOREIGN_SERVER => ObjectType::ObjectForeignServer,
        raw::ObjectType::OBJECT_FOREIGN_TABLE => ObjectType::ObjectForeignTable,
        raw::ObjectType::OBJECT_FUNCTION => ObjectType::ObjectFunction,
        raw::ObjectType::OBJECT_INDEX => ObjectType::ObjectIndex,
        raw::ObjectType::OBJECT_LANGUAGE => ObjectType::ObjectLanguage,
        raw::ObjectType::OBJECT_LARGEOBJECT => ObjectType::ObjectLargeobject,
        raw::ObjectType::OBJECT_MATVIEW => ObjectType::ObjectMatview,
        raw::ObjectType::OBJECT_OPCLASS => ObjectType::ObjectOpclass,
        raw::ObjectType::OBJECT_OPERATOR => ObjectType::ObjectOperator,
        raw::ObjectType::OBJECT_OPFAMILY => ObjectType::ObjectOpfamily,
        raw::ObjectType::OBJECT_PARAMETER_ACL => ObjectType::ObjectParameterAcl,
        raw::ObjectType::OBJECT_POLICY => ObjectType::ObjectPolicy,
        raw::ObjectType::OBJECT_PROCEDURE => ObjectType::ObjectProcedure,
        raw::ObjectType::OBJECT_PUBLICATION => ObjectType::ObjectPublication,
        raw::ObjectType::OBJECT_PUBLICATION_NAMESPACE => ObjectType::ObjectPublicationNamespace,
        raw::ObjectType::OBJECT_PUBLICATION_REL => ObjectType::ObjectPublicationRel,
        raw::ObjectType::OBJECT_ROLE => ObjectType::ObjectRole,
        raw::ObjectType::OBJECT_ROUTINE => ObjectType::ObjectRoutine,
        raw::ObjectType::OBJECT_RULE => ObjectType::ObjectRule,
        raw::ObjectType::OBJECT_SCHEMA => ObjectType::ObjectSchema,
        raw::ObjectType::OBJECT_SEQUENCE => ObjectType::ObjectSequence,
        raw::ObjectType::OBJECT_SUBSCRIPTION => ObjectType::ObjectSubscription,
        raw::ObjectType::OBJECT_STATISTIC_EXT => ObjectType::ObjectStatisticExt,
        raw::ObjectType::OBJECT_TABCONSTRAINT => ObjectType::ObjectTabconstraint,
        raw::ObjectType::OBJECT_TABLE => ObjectType::ObjectTable,
        raw::ObjectType::OBJECT_TABLESPACE => ObjectType::ObjectTablespace,
        raw::ObjectType::OBJECT_TRANSFORM => ObjectType::ObjectTransform,
        raw::ObjectType::OBJECT_TRIGGER => ObjectType::ObjectTrigger,
        raw::ObjectType::OBJECT_TSCONFIGURATION => ObjectType::ObjectTsconfiguration,
        raw::ObjectType::OBJECT_TSDICTIONARY => ObjectType::ObjectTsdictionary,
        raw::ObjectType::OBJECT_TSPARSER => ObjectType::ObjectTsparser,
        raw::ObjectType::OBJECT_TSTEMPLATE => ObjectType::ObjectTstemplate,
        raw::ObjectType::OBJECT_TYPE => ObjectType::ObjectType,
        raw::ObjectType::OBJECT_USER_MAPPING => ObjectType::ObjectUserMapping,
        raw::ObjectType::OBJECT_VIEW => ObjectType::ObjectView,
        _ => ObjectType::ObjectAccessMethod,
    }
}

pub(super) fn on_conflict_action(raw: raw::OnConflictAction::Type) -> OnConflictAction {
    match raw {
        raw::OnConflictAction::ONCONFLICT_NOTHING => OnConflictAction::OnconflictNothing,
        raw::OnConflictAction::ONCONFLICT_UPDATE => OnConflictAction::OnconflictUpdate,
        _ => OnConflictAction::OnconflictNone,
    }
}

pub(super) fn role_spec_type(raw: raw::RoleSpecType::Type) -> RoleSpecType {
    match raw {
        raw::RoleSpecType::ROLESPEC_CURRENT_ROLE => RoleSpecType::RolespecCurrentRole,
        raw::RoleSpecType::ROLESPEC_CURRENT_USER => RoleSpecType::RolespecCurrentUser,
        raw::RoleSpecType::ROLESPEC_SESSION_USER => RoleSpecType::RolespecSessionUser,
        raw::RoleSpecType::ROLESPEC_PUBLIC => RoleSpecType::RolespecPublic,
        _ => RoleSpecType::RolespecCstring,
    }
}

pub(super) fn role_stmt_type(raw: raw::RoleStmtType::Type) -> RoleStmtType {
    match raw {
        raw::RoleStmtType::ROLESTMT_USER => RoleStmtType::RolestmtUser,
        raw::RoleStmtType::ROLESTMT_GROUP => RoleStmtType::RolestmtGroup,
        _ => RoleStmtType::RolestmtRole,
    }
}

pub(super) fn set_operation(raw: raw::SetOperation::Type) -> SetOperation {
    match raw {
        raw::SetOperation::SETOP_UNION => SetOperation::SetopUnion,
        raw::SetOperation::SETOP_INTERSECT => SetOperation::SetopIntersect,
        raw::SetOperation::SETOP_EXCEPT => SetOperation::SetopExcept,
        _ => SetOperation::SetopNone,
    }
}

pub(super) fn sort_by_dir(raw: raw::SortByDir::Type) -> SortByDir {
    match raw {
        raw::SortByDir::SORTBY_ASC => SortByDir::SortbyAsc,
        raw::SortByDir::SORTBY_DESC => SortByDir::SortbyDesc,
        raw::SortByDir::SORTBY_USING => SortByDir::SortbyUsing,
        _ => SortByDir::SortbyDefault,
    }
}

pub(super) fn sort_by_nulls(raw: raw::SortByNulls::Type) -> SortByNulls {
    match raw {
        raw::SortByNulls::SORTBY_NULLS_FIRST => SortByNulls::SortbyNullsFirst,
        raw::SortByNulls::SORTBY_NULLS_LAST => SortByNulls::SortbyNullsLast,
        _ => SortByNulls::SortbyNullsDefault,
    }
}

pub(super) fn sql_value_function_op(raw: raw::SQLValueFunctionOp::Type) -> SqlValueFunctionOp {
    match raw {
        raw::SQLValueFunctionOp::SVFOP_CURRENT_TIME => SqlValueFunctionOp::SvfopCurrentTime,
        raw::SQLValueFunctionOp::SVFOP_CURRENT_TIME_N => SqlValueFunctionOp::SvfopCurrentTimeN,
        raw::SQLValueFunctionOp::SVFOP_CURRENT_TIMESTAMP => SqlValueFunctionOp::SvfopCurrentTimestamp,
        raw::SQLValueFunctionOp::SVFOP_CURRENT_TIMESTAMP_N => SqlValueFunctionOp::SvfopCurrentTimestampN,
        raw::SQLValueFunctionOp::SVFOP_LOCALTIME => SqlValueFunctionOp::SvfopLocaltime,
        raw::SQLValueFunctionOp::SVFOP_LOCALTIME_N => SqlValueFunctionOp::SvfopLocaltimeN,
        raw::SQLValueFunctionOp::SVFOP_LOCALTIMESTAMP => SqlValueFunctionOp::SvfopLocaltimestamp,
        raw::SQLValueFunctionOp::SVFOP_LOCALTIMESTAMP_N => SqlValueFunctionOp::SvfopLocaltimestampN,
        raw::SQLValueFunctionOp::SVFOP_CURRENT_ROLE => SqlValueFunctionOp::SvfopCurrentRole,
        raw::SQLValueFunctionOp::SVFOP_CURRENT_USER => SqlValueFunctionOp::SvfopCurrentUser,
        raw::SQLValueFunctionOp::SVFOP_USER => SqlValueFunctionOp::SvfopUser,
        raw::SQLValueFunctionOp::SVFOP_SESSION_USER => SqlValueFunctionOp::SvfopSessionUser,
        raw::SQLValueFunctionOp::SVFOP_CURRENT_CATALOG => SqlValueFunctionOp::SvfopCurrentCatalog,
        raw::SQLValueFunctionOp::SVFOP_CURRENT_SCHEMA => SqlValueFunctionOp::SvfopCurrentSchema,
        _ => SqlValueFunctionOp::SvfopCurrentDate,
    }
}

pub(super) fn sub_link_type(raw: raw::SubLinkType::Type) -> SubLinkType {
    match raw {
        raw::SubLinkType::ALL_SUBLINK => SubLinkType::AllSublink,
        raw::SubLinkType::ANY_SUBLINK => SubLinkType::AnySublink,
        raw::SubLinkType::ROWCOMPARE_SUBLINK => SubLinkType::RowcompareSublink,
        raw::SubLinkType::EXPR_SUBLINK => SubLinkType::ExprSublink,
        raw::SubLinkType::MULTIEXPR_SUBLINK => SubLinkType::MultiexprSublink,
        raw::SubLinkType::ARRAY_SUBLINK => SubLinkType::ArraySublink,
        raw::SubLinkType::CTE_SUBLINK => SubLinkType::CteSublink,
        _ => SubLinkType::ExistsSublink,
    }
}

pub(super) fn transaction_stmt_kind(raw: raw::TransactionStmtKind::Type) -> TransactionStmtKind {
    match raw {
        raw::TransactionStmtKind::TRANS_STMT_START => TransactionStmtKind::TransStmtStart,
        raw::TransactionStmtKind::TRANS_STMT_COMMIT => TransactionStmtKind::TransStmtCommit,
        raw::TransactionStmtKind::TRANS_STMT_ROLLBACK => TransactionStmtKind::TransStmtRollback,
        raw::TransactionStmtKind::TRANS_STMT_SAVEPOINT => TransactionStmtKind::TransStmtSavepoint,
        raw::TransactionStmtKind::TRANS_STMT_RELEASE => TransactionStmtKind::TransStmtRelease,
        raw::TransactionStmtKind::TRANS_STMT_ROLLBACK_TO => TransactionStmtKind::TransStmtRollbackTo,
        raw::TransactionStmtKind::TRANS_STMT_PREPARE => TransactionStmtKind::TransStmtPrepare,
        raw::TransactionStmtKind::TRANS_STMT_COMMIT_PREPARED => TransactionStmtKind::TransStmtCommitPrepared,
        raw::TransactionStmtKind::TRANS_STMT_ROLLBACK_PREPARED => TransactionStmtKind::TransStmtRollbackPrepared,
        _ => TransactionStmtKind::TransStmtBegin,
    }
}

pub(super) fn variable_set_kind(raw: raw::VariableSetKind::Type) -> VariableSetKind {
    match raw {
        raw::VariableSetKind::VAR_SET_DEFAULT => VariableSetKind::VarSetDefault,
        raw::VariableSetKind::VAR_SET_CURRENT => VariableSetKind::VarSetCurrent,
        raw::VariableSetKind::VAR_SET_MULTI => VariableSetKind::VarSetMulti,
        raw::VariableSetKind::VAR_RESET => VariableSetKind::VarReset,
        raw::VariableSetKind::VAR_RESET_ALL => VariableSetKind::VarResetAll,
        _ => VariableSetKind::VarSetValue,
    }
}

pub(super) fn overriding_kind(raw: raw::OverridingKind::Type) -> OverridingKind {
    match raw {
        raw::OverridingKind::OVERRIDING_USER_VALUE => OverridingKind::OverridingUserValue,
        raw::OverridingKind::OVERRIDING_SYSTEM_VALUE => OverridingKind::OverridingSystemValue,
        _ => OverridingKind::OverridingNotSet,
    }
}
