//! PostgreSQL's default set of time zone abbreviations (`timezone_abbreviations = 'Default'`).

/// What an abbreviation means: seconds east of UTC, or what the zone says at that time.
#[derive(Clone, Copy, Debug)]
pub enum Abbreviation {
    Daylight(i32),
    Fixed(i32),
    Zone(&'static str),
}

use Abbreviation::{Daylight, Fixed, Zone};

/// Sorted by name.
#[rustfmt::skip]
pub const ABBREVIATIONS: &[(&str, Abbreviation)] = &[
    ("ACDT", Daylight(37_800)), ("ACSST", Daylight(37_800)), ("ACST", Fixed(34_200)), ("ACT", Fixed(-18_000)),
    ("ACWST", Fixed(31_500)), ("ADT", Daylight(-10_800)), ("AEDT", Daylight(39_600)), ("AESST", Daylight(39_600)),
    ("AEST", Fixed(36_000)), ("AFT", Fixed(16_200)), ("AKDT", Daylight(-28_800)), ("AKST", Fixed(-32_400)),
    ("ALMST", Daylight(25_200)), ("ALMT", Fixed(21_600)), ("AMST", Zone("Asia/Yerevan")), ("AMT", Fixed(-14_400)),
    ("ANAST", Zone("Asia/Anadyr")), ("ANAT", Zone("Asia/Anadyr")), ("ARST", Zone("America/Argentina/Buenos_Aires")),
    ("ART", Zone("America/Argentina/Buenos_Aires")), ("AST", Fixed(-14_400)), ("AWSST", Daylight(32_400)),
    ("AWST", Fixed(28_800)), ("AZOST", Daylight(0)), ("AZOT", Fixed(-3600)), ("AZST", Zone("Asia/Baku")),
    ("AZT", Zone("Asia/Baku")), ("BDST", Daylight(7200)), ("BDT", Fixed(21_600)), ("BNT", Fixed(28_800)),
    ("BORT", Fixed(28_800)), ("BOT", Fixed(-14_400)), ("BRA", Fixed(-10_800)), ("BRST", Daylight(-7200)),
    ("BRT", Fixed(-10_800)), ("BST", Daylight(3600)), ("BTT", Fixed(21_600)), ("CADT", Daylight(37_800)),
    ("CAST", Fixed(34_200)), ("CCT", Fixed(28_800)), ("CDT", Daylight(-18_000)), ("CEST", Daylight(7200)),
    ("CET", Fixed(3600)), ("CETDST", Daylight(7200)), ("CHADT", Daylight(49_500)), ("CHAST", Fixed(45_900)),
    ("CHUT", Fixed(36_000)), ("CKT", Zone("Pacific/Rarotonga")), ("CLST", Daylight(-10_800)),
    ("CLT", Zone("America/Santiago")), ("COT", Fixed(-18_000)), ("CST", Fixed(-21_600)), ("CXT", Fixed(25_200)),
    ("DAVT", Zone("Antarctica/Davis")), ("DDUT", Fixed(36_000)), ("EASST", Zone("Pacific/Easter")),
    ("EAST", Zone("Pacific/Easter")), ("EAT", Fixed(10_800)), ("EDT", Daylight(-14_400)), ("EEST", Daylight(10_800)),
    ("EET", Fixed(7200)), ("EETDST", Daylight(10_800)), ("EGST", Daylight(0)), ("EGT", Fixed(-3600)),
    ("EST", Fixed(-18_000)), ("FET", Fixed(10_800)), ("FJST", Daylight(46_800)), ("FJT", Fixed(43_200)),
    ("FKST", Zone("Atlantic/Stanley")), ("FKT", Zone("Atlantic/Stanley")), ("FNST", Daylight(-3600)),
    ("FNT", Fixed(-7200)), ("GALT", Fixed(-21_600)), ("GAMT", Fixed(-32_400)), ("GEST", Zone("Asia/Tbilisi")),
    ("GET", Zone("Asia/Tbilisi")), ("GFT", Fixed(-10_800)), ("GILT", Fixed(43_200)), ("GMT", Fixed(0)),
    ("GYT", Zone("America/Guyana")), ("HKT", Fixed(28_800)), ("HST", Fixed(-36_000)), ("ICT", Fixed(25_200)),
    ("IDT", Daylight(10_800)), ("IOT", Zone("Indian/Chagos")), ("IRKST", Zone("Asia/Irkutsk")),
    ("IRKT", Zone("Asia/Irkutsk")), ("IRT", Fixed(12_600)), ("IST", Fixed(7200)), ("JAYT", Fixed(32_400)),
    ("JST", Fixed(32_400)), ("KDT", Daylight(36_000)), ("KGST", Daylight(21_600)), ("KGT", Zone("Asia/Bishkek")),
    ("KOST", Zone("Pacific/Kosrae")), ("KRAST", Zone("Asia/Krasnoyarsk")), ("KRAT", Zone("Asia/Krasnoyarsk")),
    ("KST", Fixed(32_400)), ("LHDT", Zone("Australia/Lord_Howe")), ("LHST", Fixed(37_800)), ("LIGT", Fixed(36_000)),
    ("LINT", Zone("Pacific/Kiritimati")), ("LKT", Zone("Asia/Colombo")), ("MAGST", Zone("Asia/Magadan")),
    ("MAGT", Zone("Asia/Magadan")), ("MART", Fixed(-34_200)), ("MAWT", Zone("Antarctica/Mawson")),
    ("MDT", Daylight(-21_600)), ("MEST", Daylight(7200)), ("MESZ", Daylight(7200)), ("MET", Fixed(3600)),
    ("METDST", Daylight(7200)), ("MEZ", Fixed(3600)), ("MHT", Fixed(43_200)), ("MMT", Fixed(23_400)),
    ("MPT", Fixed(36_000)), ("MSD", Daylight(14_400)), ("MSK", Zone("Europe/Moscow")), ("MST", Fixed(-25_200)),
    ("MUST", Daylight(18_000)), ("MUT", Fixed(14_400)), ("MVT", Fixed(18_000)), ("MYT", Fixed(28_800)),
    ("NDT", Daylight(-9000)), ("NFT", Fixed(-12_600)), ("NOVST", Zone("Asia/Novosibirsk")),
    ("NOVT", Zone("Asia/Novosibirsk")), ("NPT", Fixed(20_700)), ("NST", Fixed(-12_600)),
    ("NUT", Zone("Pacific/Niue")), ("NZDT", Daylight(46_800)), ("NZST", Fixed(43_200)), ("NZT", Fixed(43_200)),
    ("OMSST", Zone("Asia/Omsk")), ("OMST", Zone("Asia/Omsk")), ("PDT", Daylight(-25_200)), ("PET", Fixed(-18_000)),
    ("PETST", Zone("Asia/Kamchatka")), ("PETT", Zone("Asia/Kamchatka")), ("PGT", Fixed(36_000)),
    ("PHT", Fixed(28_800)), ("PKST", Daylight(21_600)), ("PKT", Fixed(18_000)), ("PMDT", Daylight(-7200)),
    ("PMST", Fixed(-10_800)), ("PONT", Fixed(39_600)), ("PST", Fixed(-28_800)), ("PWT", Fixed(32_400)),
    ("PYST", Daylight(-10_800)), ("PYT", Zone("America/Asuncion")), ("RET", Fixed(14_400)),
    ("SADT", Daylight(37_800)), ("SAST", Fixed(7200)), ("SCT", Fixed(14_400)), ("SGT", Zone("Asia/Singapore")),
    ("TAHT", Fixed(-36_000)), ("TFT", Fixed(18_000)), ("TJT", Fixed(18_000)), ("TKT", Zone("Pacific/Fakaofo")),
    ("TMT", Zone("Asia/Ashgabat")), ("TOT", Fixed(46_800)), ("TRUT", Fixed(36_000)), ("TVT", Fixed(43_200)),
    ("UCT", Fixed(0)), ("ULAST", Daylight(32_400)), ("ULAT", Zone("Asia/Ulaanbaatar")), ("UT", Fixed(0)),
    ("UTC", Fixed(0)), ("UYST", Daylight(-7200)), ("UYT", Fixed(-10_800)), ("UZST", Daylight(21_600)),
    ("UZT", Fixed(18_000)), ("VET", Zone("America/Caracas")), ("VLAST", Zone("Asia/Vladivostok")),
    ("VLAT", Zone("Asia/Vladivostok")), ("VOLT", Zone("Europe/Volgograd")), ("VUT", Fixed(39_600)),
    ("WADT", Daylight(28_800)), ("WAKT", Fixed(43_200)), ("WAST", Fixed(25_200)), ("WAT", Fixed(3600)),
    ("WDT", Daylight(32_400)), ("WET", Fixed(0)), ("WETDST", Daylight(3600)), ("WFT", Fixed(43_200)),
    ("WGST", Daylight(-7200)), ("WGT", Fixed(-10_800)), ("XJT", Fixed(21_600)), ("YAKST", Zone("Asia/Yakutsk")),
    ("YAKT", Zone("Asia/Yakutsk")), ("YAPT", Fixed(36_000)), ("YEKST", Daylight(21_600)),
    ("YEKT", Zone("Asia/Yekaterinburg")), ("Z", Fixed(0)), ("ZULU", Fixed(0)),
];
