//! Errors: one value with a SQLSTATE, set where the error arises, that every layer passes on unchanged.
//!
//! `wire::error` alone turns it into an ErrorResponse, `http` into a status.
//! Client text (PostgreSQL's style): primary message lower-case without full stop; detail and hint in sentences.

use std::fmt;

/// A five-character SQLSTATE. See <https://www.postgresql.org/docs/15/errcodes-appendix.html>.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct SqlState(pub [u8; 5]);

macro_rules! states {
    ($($name:ident = $code:literal),* $(,)?) => {
        impl SqlState { $(pub const $name: SqlState = SqlState(*$code);)* }
    };
}

states! {
    WARNING = b"01000",
    NO_DATA = b"02000",
    CONNECTION_FAILURE = b"08006",
    CONNECTION_REJECTED = b"08004",
    PROTOCOL_VIOLATION = b"08P01",
    FEATURE_NOT_SUPPORTED = b"0A000",
    INVALID_LOCATOR = b"0F001",
    CARDINALITY_VIOLATION = b"21000",
    DATA_EXCEPTION = b"22000",
    STRING_DATA_RIGHT_TRUNCATION = b"22001",
    NUMERIC_VALUE_OUT_OF_RANGE = b"22003",
    NULL_VALUE_NOT_ALLOWED = b"22004",
    INVALID_DATETIME_FORMAT = b"22007",
    DATETIME_FIELD_OVERFLOW = b"22008",
    DIVISION_BY_ZERO = b"22012",
    INTERVAL_FIELD_OVERFLOW = b"22015",
    INVALID_ARGUMENT_FOR_LOG = b"2201E",
    INVALID_ARGUMENT_FOR_POWER = b"2201F",
    INVALID_ROW_COUNT_IN_LIMIT = b"2201W",
    INVALID_ROW_COUNT_IN_OFFSET = b"2201X",
    INVALID_ARGUMENT_FOR_NTILE = b"22014",
    INVALID_ARGUMENT_FOR_NTH_VALUE = b"22016",
    INVALID_ARGUMENT_FOR_WIDTH_BUCKET = b"2201G",
    INVALID_REGULAR_EXPRESSION = b"2201B",
    INVALID_ESCAPE_CHARACTER = b"22019",
    INVALID_ESCAPE_SEQUENCE = b"22025",
    INVALID_PARAMETER_VALUE = b"22023",
    INVALID_PRECEDING_OR_FOLLOWING_SIZE = b"22013",
    SUBSTRING_ERROR = b"22011",
    CHARACTER_NOT_IN_REPERTOIRE = b"22021",
    INDICATOR_OVERFLOW = b"22022",
    ARRAY_SUBSCRIPT_ERROR = b"2202E",
    INVALID_JSON_TEXT = b"22032",
    INVALID_TEXT_REPRESENTATION = b"22P02",
    INVALID_BINARY_REPRESENTATION = b"22P03",
    BAD_COPY_FILE_FORMAT = b"22P04",
    INTEGRITY_CONSTRAINT_VIOLATION = b"23000",
    NOT_NULL_VIOLATION = b"23502",
    FOREIGN_KEY_VIOLATION = b"23503",
    UNIQUE_VIOLATION = b"23505",
    CHECK_VIOLATION = b"23514",
    INVALID_CURSOR_STATE = b"24000",
    ACTIVE_SQL_TRANSACTION = b"25001",
    READ_ONLY_SQL_TRANSACTION = b"25006",
    NO_ACTIVE_SQL_TRANSACTION = b"25P01",
    IN_FAILED_SQL_TRANSACTION = b"25P02",
    INVALID_SQL_STATEMENT_NAME = b"26000",
    INVALID_AUTHORIZATION = b"28000",
    INVALID_PASSWORD = b"28P01",
    INVALID_TRANSACTION_TERMINATION = b"2D000",
    INVALID_CURSOR_NAME = b"34000",
    INVALID_CATALOG_NAME = b"3D000",
    INVALID_SCHEMA_NAME = b"3F000",
    SERIALIZATION_FAILURE = b"40001",
    SYNTAX_ERROR_OR_ACCESS_RULE_VIOLATION = b"42000",
    SYNTAX_ERROR = b"42601",
    INSUFFICIENT_PRIVILEGE = b"42501",
    CANNOT_COERCE = b"42846",
    GROUPING_ERROR = b"42803",
    WINDOWING_ERROR = b"42P20",
    INVALID_RECURSION = b"42P19",
    INVALID_FOREIGN_KEY = b"42830",
    INVALID_NAME = b"42602",
    NAME_TOO_LONG = b"42622",
    RESERVED_NAME = b"42939",
    DATATYPE_MISMATCH = b"42804",
    INDETERMINATE_DATATYPE = b"42P18",
    COLLATION_MISMATCH = b"42P21",
    INDETERMINATE_COLLATION = b"42P22",
    WRONG_OBJECT_TYPE = b"42809",
    UNDEFINED_COLUMN = b"42703",
    UNDEFINED_FUNCTION = b"42883",
    UNDEFINED_TABLE = b"42P01",
    UNDEFINED_PARAMETER = b"42P02",
    UNDEFINED_OBJECT = b"42704",
    DUPLICATE_COLUMN = b"42701",
    DUPLICATE_CURSOR = b"42P03",
    DUPLICATE_DATABASE = b"42P04",
    DUPLICATE_FUNCTION = b"42723",
    DUPLICATE_PREPARED_STATEMENT = b"42P05",
    DUPLICATE_SCHEMA = b"42P06",
    DUPLICATE_TABLE = b"42P07",
    DUPLICATE_ALIAS = b"42712",
    DUPLICATE_OBJECT = b"42710",
    AMBIGUOUS_COLUMN = b"42702",
    AMBIGUOUS_FUNCTION = b"42725",
    AMBIGUOUS_ALIAS = b"42P09",
    INVALID_COLUMN_REFERENCE = b"42P10",
    INVALID_COLUMN_DEFINITION = b"42611",
    INVALID_CURSOR_DEFINITION = b"42P11",
    INVALID_OBJECT_DEFINITION = b"42P17",
    WITH_CHECK_OPTION_VIOLATION = b"44000",
    INSUFFICIENT_RESOURCES = b"53000",
    DISK_FULL = b"53100",
    OUT_OF_MEMORY = b"53200",
    TOO_MANY_CONNECTIONS = b"53300",
    CONFIGURATION_LIMIT_EXCEEDED = b"53400",
    PROGRAM_LIMIT_EXCEEDED = b"54000",
    STATEMENT_TOO_COMPLEX = b"54001",
    TOO_MANY_COLUMNS = b"54011",
    TOO_MANY_ARGUMENTS = b"54023",
    OBJECT_NOT_IN_PREREQUISITE_STATE = b"55000",
    OBJECT_IN_USE = b"55006",
    CANT_CHANGE_RUNTIME_PARAM = b"55P02",
    QUERY_CANCELED = b"57014",
    ADMIN_SHUTDOWN = b"57P01",
    CANNOT_CONNECT_NOW = b"57P03",
    IDLE_IN_TRANSACTION_TIMEOUT = b"25P03",
    SYSTEM_ERROR = b"58000",
    IO_ERROR = b"58030",
    CONFIG_FILE_ERROR = b"F0000",
    FDW_ERROR = b"HV000",
    INTERNAL_ERROR = b"XX000",
}

impl SqlState {
    /// The code as five ASCII characters.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XX000")
    }

    /// Parses a code sent by a source; `None` unless it is five ASCII upper-case letters or digits.
    pub fn parse(code: &str) -> Option<SqlState> {
        let bytes: [u8; 5] = code.as_bytes().try_into().ok()?;
        bytes.iter().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase()).then_some(SqlState(bytes))
    }
}

impl fmt::Debug for SqlState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Display for SqlState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// What a client is told. Boxed inside so that `Result<T>` stays small.
#[derive(Clone)]
pub struct Error(Box<Fields>);

/// The fields of an ErrorResponse or NoticeResponse.
#[derive(Clone, Debug)]
pub struct Fields {
    pub state: SqlState,
    pub message: String,
    pub detail: Option<String>,
    pub hint: Option<String>,
    /// Byte offset in the statement text (0-based); the wire turns it into a 1-based character position.
    pub position: Option<usize>,
    pub schema: Option<String>,
    pub table: Option<String>,
    pub column: Option<String>,
    pub constraint: Option<String>,
    pub context: Option<String>,
}

/// The result of everything that can fail towards a client.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    pub fn new(state: SqlState, message: impl Into<String>) -> Error {
        Error(Box::new(Fields {
            state,
            message: message.into(),
            detail: None,
            hint: None,
            position: None,
            schema: None,
            table: None,
            column: None,
            constraint: None,
            context: None,
        }))
    }

    /// 0A000: `what` names the construct (and the server where one is meant).
    pub fn unsupported(what: impl fmt::Display) -> Error {
        Error::new(SqlState::FEATURE_NOT_SUPPORTED, format!("{what} is not supported"))
    }

    /// XX000: a bug of ours.
    pub fn internal(what: impl fmt::Display) -> Error {
        Error::new(SqlState::INTERNAL_ERROR, format!("internal error: {what}"))
    }

    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Error {
        self.0.detail = Some(detail.into());
        self
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Error {
        self.0.hint = Some(hint.into());
        self
    }

    /// Sets the byte offset unless one is set already (the innermost place wins).
    #[must_use]
    pub fn at(mut self, position: usize) -> Error {
        self.0.position.get_or_insert(position);
        self
    }

    pub fn state(&self) -> SqlState {
        self.0.state
    }

    pub fn message(&self) -> &str {
        &self.0.message
    }

    pub fn fields(&self) -> &Fields {
        &self.0
    }

    pub fn fields_mut(&mut self) -> &mut Fields {
        &mut self.0
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.state, self.0.message)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Error {}
