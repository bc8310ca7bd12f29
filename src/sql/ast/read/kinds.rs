//! Kinds: the grammar's numbers as ours.

use pg_raw_parse::raw;

use crate::error::{Error, Result};
use crate::sql::ast::*;

/// The parser has no such kind.
fn unknown<T>(kind: &str, number: u32) -> Result<T> {
    Err(Error::internal(format!("the parser's {kind} {number}")))
}

pub(super) fn a_expr_kind(raw: raw::A_Expr_Kind::Type) -> Result<AExprKind> {
    Ok(match raw {
        raw::A_Expr_Kind::AEXPR_OP => AExprKind::AexprOp,
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
        other => return unknown("A_Expr_Kind", other),
    })
}

pub(super) fn bool_expr_type(raw: raw::BoolExprType::Type) -> Result<BoolExprType> {
    Ok(match raw {
        raw::BoolExprType::AND_EXPR => BoolExprType::AndExpr,
        raw::BoolExprType::OR_EXPR => BoolExprType::OrExpr,
        raw::BoolExprType::NOT_EXPR => BoolExprType::NotExpr,
        other => return unknown("BoolExprType", other),
    })
}

pub(super) fn bool_test_type(raw: raw::BoolTestType::Type) -> Result<BoolTestType> {
    Ok(match raw {
        raw::BoolTestType::IS_TRUE => BoolTestType::IsTrue,
        raw::BoolTestType::IS_NOT_TRUE => BoolTestType::IsNotTrue,
        raw::BoolTestType::IS_FALSE => BoolTestType::IsFalse,
        raw::BoolTestType::IS_NOT_FALSE => BoolTestType::IsNotFalse,
        raw::BoolTestType::IS_UNKNOWN => BoolTestType::IsUnknown,
        raw::BoolTestType::IS_NOT_UNKNOWN => BoolTestType::IsNotUnknown,
        other => return unknown("BoolTestType", other),
    })
}

pub(super) fn coercion_form(raw: raw::CoercionForm::Type) -> Result<CoercionForm> {
    Ok(match raw {
        raw::CoercionForm::COERCE_EXPLICIT_CALL => CoercionForm::CoerceExplicitCall,
        raw::CoercionForm::COERCE_EXPLICIT_CAST => CoercionForm::CoerceExplicitCast,
        raw::CoercionForm::COERCE_IMPLICIT_CAST => CoercionForm::CoerceImplicitCast,
        raw::CoercionForm::COERCE_SQL_SYNTAX => CoercionForm::CoerceSqlSyntax,
        other => return unknown("CoercionForm", other),
    })
}

pub(super) fn cte_materialize(raw: raw::CTEMaterialize::Type) -> Result<CteMaterialize> {
    Ok(match raw {
        raw::CTEMaterialize::CTEMaterializeDefault => CteMaterialize::Default,
        raw::CTEMaterialize::CTEMaterializeAlways => CteMaterialize::Always,
        raw::CTEMaterialize::CTEMaterializeNever => CteMaterialize::Never,
        other => return unknown("CTEMaterialize", other),
    })
}

pub(super) fn def_elem_action(raw: raw::DefElemAction::Type) -> Result<DefElemAction> {
    Ok(match raw {
        raw::DefElemAction::DEFELEM_UNSPEC => DefElemAction::DefelemUnspec,
        raw::DefElemAction::DEFELEM_SET => DefElemAction::DefelemSet,
        raw::DefElemAction::DEFELEM_ADD => DefElemAction::DefelemAdd,
        raw::DefElemAction::DEFELEM_DROP => DefElemAction::DefelemDrop,
        other => return unknown("DefElemAction", other),
    })
}

pub(super) fn discard_mode(raw: raw::DiscardMode::Type) -> Result<DiscardMode> {
    Ok(match raw {
        raw::DiscardMode::DISCARD_ALL => DiscardMode::DiscardAll,
        raw::DiscardMode::DISCARD_PLANS => DiscardMode::DiscardPlans,
        raw::DiscardMode::DISCARD_SEQUENCES => DiscardMode::DiscardSequences,
        raw::DiscardMode::DISCARD_TEMP => DiscardMode::DiscardTemp,
        other => return unknown("DiscardMode", other),
    })
}

pub(super) fn drop_behavior(raw: raw::DropBehavior::Type) -> Result<DropBehavior> {
    Ok(match raw {
        raw::DropBehavior::DROP_RESTRICT => DropBehavior::DropRestrict,
        raw::DropBehavior::DROP_CASCADE => DropBehavior::DropCascade,
        other => return unknown("DropBehavior", other),
    })
}

pub(super) fn fetch_direction(raw: raw::FetchDirection::Type) -> Result<FetchDirection> {
    Ok(match raw {
        raw::FetchDirection::FETCH_FORWARD => FetchDirection::FetchForward,
        raw::FetchDirection::FETCH_BACKWARD => FetchDirection::FetchBackward,
        raw::FetchDirection::FETCH_ABSOLUTE => FetchDirection::FetchAbsolute,
        raw::FetchDirection::FETCH_RELATIVE => FetchDirection::FetchRelative,
        other => return unknown("FetchDirection", other),
    })
}

pub(super) fn grant_target_type(raw: raw::GrantTargetType::Type) -> Result<GrantTargetType> {
    Ok(match raw {
        raw::GrantTargetType::ACL_TARGET_OBJECT => GrantTargetType::AclTargetObject,
        raw::GrantTargetType::ACL_TARGET_ALL_IN_SCHEMA => GrantTargetType::AclTargetAllInSchema,
        raw::GrantTargetType::ACL_TARGET_DEFAULTS => GrantTargetType::AclTargetDefaults,
        other => return unknown("GrantTargetType", other),
    })
}

pub(super) fn grouping_set_kind(raw: raw::GroupingSetKind::Type) -> Result<GroupingSetKind> {
    Ok(match raw {
        raw::GroupingSetKind::GROUPING_SET_EMPTY => GroupingSetKind::GroupingSetEmpty,
        raw::GroupingSetKind::GROUPING_SET_SIMPLE => GroupingSetKind::GroupingSetSimple,
        raw::GroupingSetKind::GROUPING_SET_ROLLUP => GroupingSetKind::GroupingSetRollup,
        raw::GroupingSetKind::GROUPING_SET_CUBE => GroupingSetKind::GroupingSetCube,
        raw::GroupingSetKind::GROUPING_SET_SETS => GroupingSetKind::GroupingSetSets,
        other => return unknown("GroupingSetKind", other),
    })
}

pub(super) fn import_foreign_schema_type(raw: raw::ImportForeignSchemaType::Type) -> Result<ImportForeignSchemaType> {
    Ok(match raw {
        raw::ImportForeignSchemaType::FDW_IMPORT_SCHEMA_ALL => ImportForeignSchemaType::FdwImportSchemaAll,
        raw::ImportForeignSchemaType::FDW_IMPORT_SCHEMA_LIMIT_TO => ImportForeignSchemaType::FdwImportSchemaLimitTo,
        raw::ImportForeignSchemaType::FDW_IMPORT_SCHEMA_EXCEPT => ImportForeignSchemaType::FdwImportSchemaExcept,
        other => return unknown("ImportForeignSchemaType", other),
    })
}

pub(super) fn join_type(raw: raw::JoinType::Type) -> Result<JoinType> {
    Ok(match raw {
        raw::JoinType::JOIN_INNER => JoinType::JoinInner,
        raw::JoinType::JOIN_LEFT => JoinType::JoinLeft,
        raw::JoinType::JOIN_FULL => JoinType::JoinFull,
        raw::JoinType::JOIN_RIGHT => JoinType::JoinRight,
        raw::JoinType::JOIN_SEMI => JoinType::JoinSemi,
        raw::JoinType::JOIN_ANTI => JoinType::JoinAnti,
        raw::JoinType::JOIN_RIGHT_SEMI => JoinType::JoinRightSemi,
        raw::JoinType::JOIN_RIGHT_ANTI => JoinType::JoinRightAnti,
        raw::JoinType::JOIN_UNIQUE_OUTER => JoinType::JoinUniqueOuter,
        raw::JoinType::JOIN_UNIQUE_INNER => JoinType::JoinUniqueInner,
        other => return unknown("JoinType", other),
    })
}

pub(super) fn limit_option(raw: raw::LimitOption::Type) -> Result<LimitOption> {
    Ok(match raw {
        raw::LimitOption::LIMIT_OPTION_DEFAULT => LimitOption::Default,
        raw::LimitOption::LIMIT_OPTION_COUNT => LimitOption::Count,
        raw::LimitOption::LIMIT_OPTION_WITH_TIES => LimitOption::WithTies,
        other => return unknown("LimitOption", other),
    })
}

pub(super) fn lock_clause_strength(raw: raw::LockClauseStrength::Type) -> Result<LockClauseStrength> {
    Ok(match raw {
        raw::LockClauseStrength::LCS_NONE => LockClauseStrength::LcsNone,
        raw::LockClauseStrength::LCS_FORKEYSHARE => LockClauseStrength::LcsForkeyshare,
        raw::LockClauseStrength::LCS_FORSHARE => LockClauseStrength::LcsForshare,
        raw::LockClauseStrength::LCS_FORNOKEYUPDATE => LockClauseStrength::LcsFornokeyupdate,
        raw::LockClauseStrength::LCS_FORUPDATE => LockClauseStrength::LcsForupdate,
        other => return unknown("LockClauseStrength", other),
    })
}

pub(super) fn lock_wait_policy(raw: raw::LockWaitPolicy::Type) -> Result<LockWaitPolicy> {
    Ok(match raw {
        raw::LockWaitPolicy::LockWaitBlock => LockWaitPolicy::LockWaitBlock,
        raw::LockWaitPolicy::LockWaitSkip => LockWaitPolicy::LockWaitSkip,
        raw::LockWaitPolicy::LockWaitError => LockWaitPolicy::LockWaitError,
        other => return unknown("LockWaitPolicy", other),
    })
}

pub(super) fn min_max_op(raw: raw::MinMaxOp::Type) -> Result<MinMaxOp> {
    Ok(match raw {
        raw::MinMaxOp::IS_GREATEST => MinMaxOp::IsGreatest,
        raw::MinMaxOp::IS_LEAST => MinMaxOp::IsLeast,
        other => return unknown("MinMaxOp", other),
    })
}

pub(super) fn null_test_type(raw: raw::NullTestType::Type) -> Result<NullTestType> {
    Ok(match raw {
        raw::NullTestType::IS_NULL => NullTestType::IsNull,
        raw::NullTestType::IS_NOT_NULL => NullTestType::IsNotNull,
        other => return unknown("NullTestType", other),
    })
}

pub(super) fn object_type(raw: raw::ObjectType::Type) -> Result<ObjectType> {
    Ok(match raw {
        raw::ObjectType::OBJECT_ACCESS_METHOD => ObjectType::ObjectAccessMethod,
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
        other => return unknown("ObjectType", other),
    })
}

pub(super) fn on_conflict_action(raw: raw::OnConflictAction::Type) -> Result<OnConflictAction> {
    Ok(match raw {
        raw::OnConflictAction::ONCONFLICT_NONE => OnConflictAction::OnconflictNone,
        raw::OnConflictAction::ONCONFLICT_NOTHING => OnConflictAction::OnconflictNothing,
        raw::OnConflictAction::ONCONFLICT_UPDATE => OnConflictAction::OnconflictUpdate,
        other => return unknown("OnConflictAction", other),
    })
}

pub(super) fn role_spec_type(raw: raw::RoleSpecType::Type) -> Result<RoleSpecType> {
    Ok(match raw {
        raw::RoleSpecType::ROLESPEC_CSTRING => RoleSpecType::RolespecCstring,
        raw::RoleSpecType::ROLESPEC_CURRENT_ROLE => RoleSpecType::RolespecCurrentRole,
        raw::RoleSpecType::ROLESPEC_CURRENT_USER => RoleSpecType::RolespecCurrentUser,
        raw::RoleSpecType::ROLESPEC_SESSION_USER => RoleSpecType::RolespecSessionUser,
        raw::RoleSpecType::ROLESPEC_PUBLIC => RoleSpecType::RolespecPublic,
        other => return unknown("RoleSpecType", other),
    })
}

pub(super) fn role_stmt_type(raw: raw::RoleStmtType::Type) -> Result<RoleStmtType> {
    Ok(match raw {
        raw::RoleStmtType::ROLESTMT_ROLE => RoleStmtType::RolestmtRole,
        raw::RoleStmtType::ROLESTMT_USER => RoleStmtType::RolestmtUser,
        raw::RoleStmtType::ROLESTMT_GROUP => RoleStmtType::RolestmtGroup,
        other => return unknown("RoleStmtType", other),
    })
}

pub(super) fn set_operation(raw: raw::SetOperation::Type) -> Result<SetOperation> {
    Ok(match raw {
        raw::SetOperation::SETOP_NONE => SetOperation::SetopNone,
        raw::SetOperation::SETOP_UNION => SetOperation::SetopUnion,
        raw::SetOperation::SETOP_INTERSECT => SetOperation::SetopIntersect,
        raw::SetOperation::SETOP_EXCEPT => SetOperation::SetopExcept,
        other => return unknown("SetOperation", other),
    })
}

pub(super) fn sort_by_dir(raw: raw::SortByDir::Type) -> Result<SortByDir> {
    Ok(match raw {
        raw::SortByDir::SORTBY_DEFAULT => SortByDir::SortbyDefault,
        raw::SortByDir::SORTBY_ASC => SortByDir::SortbyAsc,
        raw::SortByDir::SORTBY_DESC => SortByDir::SortbyDesc,
        raw::SortByDir::SORTBY_USING => SortByDir::SortbyUsing,
        other => return unknown("SortByDir", other),
    })
}

pub(super) fn sort_by_nulls(raw: raw::SortByNulls::Type) -> Result<SortByNulls> {
    Ok(match raw {
        raw::SortByNulls::SORTBY_NULLS_DEFAULT => SortByNulls::SortbyNullsDefault,
        raw::SortByNulls::SORTBY_NULLS_FIRST => SortByNulls::SortbyNullsFirst,
        raw::SortByNulls::SORTBY_NULLS_LAST => SortByNulls::SortbyNullsLast,
        other => return unknown("SortByNulls", other),
    })
}

pub(super) fn sql_value_function_op(raw: raw::SQLValueFunctionOp::Type) -> Result<SqlValueFunctionOp> {
    Ok(match raw {
        raw::SQLValueFunctionOp::SVFOP_CURRENT_DATE => SqlValueFunctionOp::SvfopCurrentDate,
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
        other => return unknown("SQLValueFunctionOp", other),
    })
}

pub(super) fn sub_link_type(raw: raw::SubLinkType::Type) -> Result<SubLinkType> {
    Ok(match raw {
        raw::SubLinkType::EXISTS_SUBLINK => SubLinkType::ExistsSublink,
        raw::SubLinkType::ALL_SUBLINK => SubLinkType::AllSublink,
        raw::SubLinkType::ANY_SUBLINK => SubLinkType::AnySublink,
        raw::SubLinkType::ROWCOMPARE_SUBLINK => SubLinkType::RowcompareSublink,
        raw::SubLinkType::EXPR_SUBLINK => SubLinkType::ExprSublink,
        raw::SubLinkType::MULTIEXPR_SUBLINK => SubLinkType::MultiexprSublink,
        raw::SubLinkType::ARRAY_SUBLINK => SubLinkType::ArraySublink,
        raw::SubLinkType::CTE_SUBLINK => SubLinkType::CteSublink,
        other => return unknown("SubLinkType", other),
    })
}

pub(super) fn transaction_stmt_kind(raw: raw::TransactionStmtKind::Type) -> Result<TransactionStmtKind> {
    Ok(match raw {
        raw::TransactionStmtKind::TRANS_STMT_BEGIN => TransactionStmtKind::TransStmtBegin,
        raw::TransactionStmtKind::TRANS_STMT_START => TransactionStmtKind::TransStmtStart,
        raw::TransactionStmtKind::TRANS_STMT_COMMIT => TransactionStmtKind::TransStmtCommit,
        raw::TransactionStmtKind::TRANS_STMT_ROLLBACK => TransactionStmtKind::TransStmtRollback,
        raw::TransactionStmtKind::TRANS_STMT_SAVEPOINT => TransactionStmtKind::TransStmtSavepoint,
        raw::TransactionStmtKind::TRANS_STMT_RELEASE => TransactionStmtKind::TransStmtRelease,
        raw::TransactionStmtKind::TRANS_STMT_ROLLBACK_TO => TransactionStmtKind::TransStmtRollbackTo,
        raw::TransactionStmtKind::TRANS_STMT_PREPARE => TransactionStmtKind::TransStmtPrepare,
        raw::TransactionStmtKind::TRANS_STMT_COMMIT_PREPARED => TransactionStmtKind::TransStmtCommitPrepared,
        raw::TransactionStmtKind::TRANS_STMT_ROLLBACK_PREPARED => TransactionStmtKind::TransStmtRollbackPrepared,
        other => return unknown("TransactionStmtKind", other),
    })
}

pub(super) fn variable_set_kind(raw: raw::VariableSetKind::Type) -> Result<VariableSetKind> {
    Ok(match raw {
        raw::VariableSetKind::VAR_SET_VALUE => VariableSetKind::VarSetValue,
        raw::VariableSetKind::VAR_SET_DEFAULT => VariableSetKind::VarSetDefault,
        raw::VariableSetKind::VAR_SET_CURRENT => VariableSetKind::VarSetCurrent,
        raw::VariableSetKind::VAR_SET_MULTI => VariableSetKind::VarSetMulti,
        raw::VariableSetKind::VAR_RESET => VariableSetKind::VarReset,
        raw::VariableSetKind::VAR_RESET_ALL => VariableSetKind::VarResetAll,
        other => return unknown("VariableSetKind", other),
    })
}

pub(super) fn overriding_kind(raw: raw::OverridingKind::Type) -> Result<OverridingKind> {
    Ok(match raw {
        raw::OverridingKind::OVERRIDING_NOT_SET => OverridingKind::OverridingNotSet,
        raw::OverridingKind::OVERRIDING_USER_VALUE => OverridingKind::OverridingUserValue,
        raw::OverridingKind::OVERRIDING_SYSTEM_VALUE => OverridingKind::OverridingSystemValue,
        other => return unknown("OverridingKind", other),
    })
}
