//! Access tokens: of a service account's key (a signed assertion), of application default credentials, or given.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, Url};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Mutex;

use super::options::Credentials;
use crate::connector::rest::{Call, Repeat, Rest, bearer, is_loopback};
use crate::error::{Error, Result, SqlState};

const SCOPE: &str = "https://www.googleapis.com/auth/bigquery";
const TOKEN_URI: &str = "https://oauth2.googleapis.com/token";
/// A token is asked for anew this long before its end.
const EARLY: Duration = Duration::from_secs(60);

/// Gives the `Authorization` of requests.
pub(super) struct Auth {
    source: Source,
    current: Mutex<Option<Current>>,
}

enum Source {
    Fixed(HeaderValue),
    None,
    Refresh { endpoint: Url, form: [(&'static str, String); 4] },
    Service { endpoint: Url, email: String, key_id: Option<String>, key: Arc<RsaKeyPair> },
}

struct Current {
    header: HeaderValue,
    until: Instant,
}

/// The JSON files of Google's tools.
#[derive(Deserialize)]
struct File {
    #[serde(rename = "type")]
    kind: String,
    client_email: Option<String>,
    private_key: Option<String>,
    private_key_id: Option<String>,
    token_uri: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
    refresh_token: Option<String>,
}

#[derive(Deserialize)]
struct Answered {
    access_token: String,
    expires_in: Option<u64>,
}

impl Auth {
    /// Reads keys; asks for nothing yet. 28000 when they are none.
    pub fn new(credentials: &Credentials, endpoint: &Url) -> Result<Auth> {
        let source = match credentials {
            Credentials::ApplicationDefault => source(&read(&default_file()?)?)?,
            Credentials::Key(text) => source(text)?,
            Credentials::KeyFile(path) => source(&read(path)?)?,
            Credentials::None if is_loopback(endpoint) => Source::None,
            Credentials::None => return Err(wrong("no credentials are sent only to an endpoint on this machine")),
            Credentials::Token(token) => Source::Fixed(bearer(token)?),
        };
        Ok(Auth { source, current: Mutex::new(None) })
    }

    /// The header to send; `refused`: the one that the server did not take.
    pub async fn header(&self, rest: &Rest, refused: Option<&HeaderValue>) -> Result<Option<HeaderValue>> {
        let endpoint = match &self.source {
            Source::None => return Ok(None),
            Source::Fixed(header) => return Ok(Some(header.clone())),
            Source::Refresh { endpoint, .. } | Source::Service { endpoint, .. } => endpoint,
        };
        let mut current = self.current.lock().await;
        if let Some(kept) = &*current
            && kept.until > Instant::now()
            && refused != Some(&kept.header)
        {
            return Ok(Some(kept.header.clone()));
        }
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        let call = Call::new(Method::POST, endpoint.clone(), Repeat::Reads).headers(headers).body(self.form()?);
        let answer = rest.send(&call, None).await?;
        if !answer.status.is_success() {
            return Err(wrong("no access token was given"));
        }
        let answered: Answered =
            serde_json::from_slice(&answer.body).map_err(|_| wrong("no access token was given"))?;
        let life = Duration::from_secs(answered.expires_in.unwrap_or(3600));
        let header = bearer(&answered.access_token)?;
        *current = Some(Current { header: header.clone(), until: Instant::now() + life.saturating_sub(EARLY) });
        Ok(Some(header))
    }

    fn form(&self) -> Result<String> {
        match &self.source {
            Source::Fixed(_) | Source::None => Ok(String::new()),
            Source::Refresh { form, .. } => encoded(form.iter().map(|(name, value)| (*name, value.as_str()))),
            Source::Service { endpoint, email, key_id, key } => {
                let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
                let assertion = assertion(key, key_id.as_deref(), email, endpoint.as_str(), now)?;
                let pairs = [("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", &assertion)];
                encoded(pairs.into_iter())
            }
        }
    }
}

/// A signed JWT.
fn assertion(key: &RsaKeyPair, key_id: Option<&str>, email: &str, audience: &str, now: u64) -> Result<String> {
    let head = json!({ "alg": "RS256", "typ": "JWT", "kid": key_id }).to_string();
    let claims = json!({ "iss": email, "scope": SCOPE, "aud": audience, "iat": now, "exp": now + 3600 }).to_string();
    let signed = [URL_SAFE_NO_PAD.encode(head), URL_SAFE_NO_PAD.encode(claims)].join(".");
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
        .map_err(|_| wrong("the key does not sign"))?;
    Ok([signed, URL_SAFE_NO_PAD.encode(signature)].join("."))
}

fn encoded<'p>(pairs: impl Iterator<Item = (&'p str, &'p str)>) -> Result<String> {
    let mut url = Url::parse("http://x/").map_err(Error::internal)?;
    url.query_pairs_mut().extend_pairs(pairs);
    Ok(url.query().unwrap_or_default().to_owned())
}

fn source(text: &str) -> Result<Source> {
    let file: File = serde_json::from_str(text).map_err(|_| wrong("they are no JSON of a key or of credentials"))?;
    let endpoint = token_endpoint(file.token_uri.as_deref().unwrap_or(TOKEN_URI))?;
    let part = |part: Option<String>, name: &str| part.ok_or_else(|| wrong(&format!("{name} is missing")));
    match file.kind.as_str() {
        "service_account" => {
            let pem = part(file.private_key, "private_key")?;
            let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| wrong("the key is no PKCS #8"))?;
            let key = RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).map_err(|_| wrong("the key is no RSA key"))?;
            let email = part(file.client_email, "client_email")?;
            Ok(Source::Service { endpoint, email, key_id: file.private_key_id, key: Arc::new(key) })
        }
        "authorized_user" => Ok(Source::Refresh {
            endpoint,
            form: [
                ("grant_type", "refresh_token".to_owned()),
                ("client_id", part(file.client_id, "client_id")?),
                ("client_secret", part(file.client_secret, "client_secret")?),
                ("refresh_token", part(file.refresh_token, "refresh_token")?),
            ],
        }),
        other => Err(Error::unsupported(format!("credentials of type {other}"))),
    }
}

/// https, or on this machine.
fn token_endpoint(text: &str) -> Result<Url> {
    let url = Url::parse(text).map_err(|_| wrong("token_uri is no URL"))?;
    if url.scheme() == "https" || is_loopback(&url) { Ok(url) } else { Err(wrong("token_uri is not https")) }
}

/// Where Google's tools keep application default credentials.
fn default_file() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("GOOGLE_APPLICATION_CREDENTIALS") {
        return Ok(path.into());
    }
    let home = std::env::var_os("HOME").ok_or_else(|| wrong("there are no application default credentials"))?;
    Ok(Path::new(&home).join(".config/gcloud/application_default_credentials.json"))
}

fn read(path: &Path) -> Result<String> {
    // What is in the file stays out of the message.
    std::fs::read_to_string(path).map_err(|error| wrong(&format!("file \"{}\": {}", path.display(), error.kind())))
}

fn wrong(why: &str) -> Error {
    Error::new(SqlState::INVALID_AUTHORIZATION, "the credentials for BigQuery cannot be used").detail(format!("{why}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_encoded_and_keys_are_checked() {
        assert_eq!(encoded([("a", "b c&d")].into_iter()).expect("a form"), "a=b+c%26d");
        for text in [
            "{}",
            "not json",
            r#"{"type":"service_account","client_email":"e","private_key":"x"}"#,
            r#"{"type":"service_account","token_uri":"http://example.com/"}"#,
            r#"{"type":"authorized_user","client_id":"i"}"#,
        ] {
            let error = source(text).err().expect("no credentials");
            assert_eq!(error.state(), SqlState::INVALID_AUTHORIZATION, "{text}");
        }
        assert!(
            source(r#"{"type":"external_account"}"#).err().expect("unknown").message().contains("external_account")
        );
        let far = Url::parse("https://bigquery.googleapis.com").expect("a URL");
        assert!(Auth::new(&Credentials::None, &far).is_err());
    }
}
