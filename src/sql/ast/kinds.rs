//! Kinds of nodes, under the grammar's names.

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum AExprKind {
    #[default]
    AexprOp,
    AexprOpAny,
    AexprOpAll,
    AexprDistinct,
    AexprNotDistinct,
    AexprNullif,
    AexprIn,
    AexprLike,
    AexprIlike,
    AexprSimilar,
    AexprBetween,
    AexprNotBetween,
    AexprBetweenSym,
    AexprNotBetweenSym,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum BoolExprType {
    #[default]
    AndExpr,
    OrExpr,
    NotExpr,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum BoolTestType {
    #[default]
    IsTrue,
    IsNotTrue,
    IsFalse,
    IsNotFalse,
    IsUnknown,
    IsNotUnknown,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum CoercionForm {
    #[default]
    CoerceExplicitCall,
    CoerceExplicitCast,
    CoerceImplicitCast,
    CoerceSqlSyntax,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum CteMaterialize {
    #[default]
    CtematerializeUndefined,
    Default,
    Always,
    Never,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum DefElemAction {
    #[default]
    DefelemUnspec,
    DefelemSet,
    DefelemAdd,
    DefelemDrop,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum DiscardMode {
    #[default]
    DiscardAll,
    DiscardPlans,
    DiscardSequences,
    DiscardTemp,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum DropBehavior {
    #[default]
    DropRestrict,
    DropCascade,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum FetchDirection {
    #[default]
    FetchForward,
    FetchBackward,
    FetchAbsolute,
    FetchRelative,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum GrantTargetType {
    #[default]
    AclTargetObject,
    AclTargetAllInSchema,
    AclTargetDefaults,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum GroupingSetKind {
    #[default]
    GroupingSetEmpty,
    GroupingSetSimple,
    GroupingSetRollup,
    GroupingSetCube,
    GroupingSetSets,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum ImportForeignSchemaType {
    #[default]
    FdwImportSchemaAll,
    FdwImportSchemaLimitTo,
    FdwImportSchemaExcept,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum JoinType {
    #[default]
    JoinInner,
    JoinLeft,
    JoinFull,
    JoinRight,
    JoinSemi,
    JoinAnti,
    JoinRightSemi,
    JoinRightAnti,
    JoinUniqueOuter,
    JoinUniqueInner,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum LimitOption {
    #[default]
    Default,
    Count,
    WithTies,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum LockClauseStrength {
    #[default]
    LcsNone,
    LcsForkeyshare,
    LcsForshare,
    LcsFornokeyupdate,
    LcsForupdate,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum LockWaitPolicy {
    #[default]
    LockWaitBlock,
    LockWaitSkip,
    LockWaitError,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum MinMaxOp {
    #[default]
    IsGreatest,
    IsLeast,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum NullTestType {
    #[default]
    IsNull,
    IsNotNull,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum ObjectType {
    #[default]
    ObjectAccessMethod,
    ObjectAggregate,
    ObjectAmop,
    ObjectAmproc,
    ObjectAttribute,
    ObjectCast,
    ObjectColumn,
    ObjectCollation,
    ObjectConversion,
    ObjectDatabase,
    ObjectDefault,
    ObjectDefacl,
    ObjectDomain,
    ObjectDomconstraint,
    ObjectEventTrigger,
    ObjectExtension,
    ObjectFdw,
    ObjectForeignServer,
    ObjectForeignTable,
    ObjectFunction,
    ObjectIndex,
    ObjectLanguage,
    ObjectLargeobject,
    ObjectMatview,
    ObjectOpclass,
    ObjectOperator,
    ObjectOpfamily,
    ObjectParameterAcl,
    ObjectPolicy,
    ObjectProcedure,
    ObjectPublication,
    ObjectPublicationNamespace,
    ObjectPublicationRel,
    ObjectRole,
    ObjectRoutine,
    ObjectRule,
    ObjectSchema,
    ObjectSequence,
    ObjectSubscription,
    ObjectStatisticExt,
    ObjectTabconstraint,
    ObjectTable,
    ObjectTablespace,
    ObjectTransform,
    ObjectTrigger,
    ObjectTsconfiguration,
    ObjectTsdictionary,
    ObjectTsparser,
    ObjectTstemplate,
    ObjectType,
    ObjectUserMapping,
    ObjectView,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum OnConflictAction {
    #[default]
    OnconflictNone,
    OnconflictNothing,
    OnconflictUpdate,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum RoleSpecType {
    #[default]
    RolespecCstring,
    RolespecCurrentRole,
    RolespecCurrentUser,
    RolespecSessionUser,
    RolespecPublic,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum RoleStmtType {
    #[default]
    RolestmtRole,
    RolestmtUser,
    RolestmtGroup,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum SetOperation {
    #[default]
    SetopNone,
    SetopUnion,
    SetopIntersect,
    SetopExcept,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum SortByDir {
    #[default]
    SortbyDefault,
    SortbyAsc,
    SortbyDesc,
    SortbyUsing,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum SortByNulls {
    #[default]
    SortbyNullsDefault,
    SortbyNullsFirst,
    SortbyNullsLast,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum SqlValueFunctionOp {
    #[default]
    SqlvalueFunctionOpUndefined,
    SvfopCurrentDate,
    SvfopCurrentTime,
    SvfopCurrentTimeN,
    SvfopCurrentTimestamp,
    SvfopCurrentTimestampN,
    SvfopLocaltime,
    SvfopLocaltimeN,
    SvfopLocaltimestamp,
    SvfopLocaltimestampN,
    SvfopCurrentRole,
    SvfopCurrentUser,
    SvfopUser,
    SvfopSessionUser,
    SvfopCurrentCatalog,
    SvfopCurrentSchema,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum SubLinkType {
    #[default]
    ExistsSublink,
    AllSublink,
    AnySublink,
    RowcompareSublink,
    ExprSublink,
    MultiexprSublink,
    ArraySublink,
    CteSublink,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum TransactionStmtKind {
    #[default]
    TransStmtBegin,
    TransStmtStart,
    TransStmtCommit,
    TransStmtRollback,
    TransStmtSavepoint,
    TransStmtRelease,
    TransStmtRollbackTo,
    TransStmtPrepare,
    TransStmtCommitPrepared,
    TransStmtRollbackPrepared,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum VariableSetKind {
    #[default]
    VarSetValue,
    VarSetDefault,
    VarSetCurrent,
    VarSetMulti,
    VarReset,
    VarResetAll,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum OverridingKind {
    #[default]
    OverridingNotSet,
    OverridingUserValue,
    OverridingSystemValue,
}
