//! Request parameters: a query or body of `application/x-www-form-urlencoded` (RFC 6749 §3.1, §3.2, appendix B).
//!
//! ```text
//! name=value&name=value        "+" is a space, "%XX" a byte; names and values are UTF-8
//! ```
//!
//! A parameter that is given twice, or is not text, is a defect of that parameter alone: whether it becomes a page or a
//! redirect depends on which one it is. An empty value counts as absent. Unknown parameters are ignored, yet may not
//! repeat either. Limits: 100 parameters; bytes as the caller says ([`MAX_QUERY`], [`MAX_BODY`]).
//!
//! The members of a request object are parameters too, of JSON types (RFC 9101 §4): they are read by the same rules.

use std::{borrow::Cow, fmt};

use serde_json::{Map, Value};

/// Bytes of a query string.
pub const MAX_QUERY: usize = 16 * 1024;
/// Bytes of a request body.
pub const MAX_BODY: usize = 64 * 1024;

/// The parameters of one request. `Debug` shows how many, never which: values are codes and secrets.
#[derive(Clone, Default)]
pub struct Params(Vec<Param>);

#[derive(Clone)]
struct Param {
    name: String,
    value: Result<String, Defect>,
}

/// What is wrong with one parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Defect {
    Repeated,
    NotText,
}

/// The query or body as a whole cannot be read.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum ParamsError {
    #[error("the parameters are longer than {0} bytes: send fewer or shorter ones")]
    TooLong(usize),
    #[error("more than 100 parameters: send only those that the request needs")]
    TooMany,
}

/// One parameter cannot be used.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("the parameter {name} {}", match defect { Defect::Repeated => "is given more than once: send it once", Defect::NotText => "is not well-encoded UTF-8 text: encode it anew" })]
pub struct ParamError {
    /// As sent, or `?` when it cannot be shown.
    pub name: String,
    pub defect: Defect,
}

impl Params {
    pub fn parse(encoded: &[u8], max_bytes: usize) -> Result<Self, ParamsError> {
        if encoded.len() > max_bytes {
            return Err(ParamsError::TooLong(max_bytes));
        }
        let mut params: Vec<Param> = Vec::new();
        let pairs = encoded.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
        for (number, pair) in pairs.enumerate() {
            if number == MAX_PARAMETERS {
                return Err(ParamsError::TooMany);
            }
            let (name, value) = match pair.iter().position(|byte| *byte == b'=') {
                Some(at) => (pair.get(..at), pair.get(at + 1..)),
                None => (Some(pair), None),
            };
            // A name that is no text is nobody's parameter, but makes the request defective as a whole.
            let name = decode(name.unwrap_or_default()).unwrap_or_default().into_owned();
            let value = if name.is_empty() { None } else { decode(value.unwrap_or_default()) };
            let value = value.map(Cow::into_owned).ok_or(Defect::NotText);
            match params.iter_mut().find(|param| param.name == name) {
                Some(first) if !REPEATABLE.contains(&name.as_str()) => first.value = Err(Defect::Repeated),
                _ => params.push(Param { name, value }),
            }
        }
        Ok(Self(params))
    }

    /// The members of a request object that holds, without those of the JWT itself. Numbers are written out, objects and
    /// lists as JSON (`claims`); a list of `resource` repeats it (RFC 8707 §2); `null` counts as absent.
    pub fn of_request_object(members: &Map<String, Value>) -> Result<Self, ParamsError> {
        let mut params = Vec::new();
        for (name, value) in members.iter().filter(|(name, _)| !OF_THE_TOKEN.contains(&name.as_str())) {
            match value {
                Value::Null => {}
                Value::Array(items) if REPEATABLE.contains(&name.as_str()) => {
                    params.extend(items.iter().map(|item| Param::of_json(name, item)));
                }
                value => params.push(Param::of_json(name, value)),
            }
        }
        if params.len() > MAX_PARAMETERS { Err(ParamsError::TooMany) } else { Ok(Self(params)) }
    }

    /// These, and of the `others` those that have not their names (OpenID Connect Core §6.1). The request object itself is
    /// not among them any more.
    #[must_use]
    pub fn over(mut self, others: &Self) -> Self {
        let said: Vec<String> = self.0.iter().map(|param| param.name.clone()).collect();
        let further = others
            .0
            .iter()
            .filter(|other| !said.contains(&other.name) && !["request", "request_uri"].contains(&other.name.as_str()));
        self.0.extend(further.cloned());
        self
    }

    /// The value of a parameter; `None` when absent or empty.
    pub fn get(&self, name: &str) -> Result<Option<&str>, ParamError> {
        match self.0.iter().find(|param| param.name == name) {
            None => Ok(None),
            Some(param) => Ok(Some(param.text()?).filter(|text| !text.is_empty())),
        }
    }

    /// The values of a parameter that may be repeated: `resource` (RFC 8707 §2).
    pub fn all(&self, name: &str) -> Result<Vec<&str>, ParamError> {
        let values = self.0.iter().filter(|param| param.name == name).map(Param::text);
        values.filter(|value| !matches!(value, Ok(""))).collect()
    }

    /// Refuses a request with any defective parameter, known or not.
    pub fn check(&self) -> Result<(), ParamError> {
        self.0.iter().try_for_each(|param| param.text().map(|_| ()))
    }
}

impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Params({} …)", self.0.len())
    }
}

impl Param {
    fn of_json(name: &str, value: &Value) -> Self {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let value = if text.contains('\0') { Err(Defect::NotText) } else { Ok(text) };
        Self { name: name.to_owned(), value }
    }

    fn text(&self) -> Result<&str, ParamError> {
        self.value.as_deref().map_err(|defect| {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
            let shown = self.name.len() <= 40 && !self.name.is_empty() && self.name.bytes().all(plain);
            ParamError { name: if shown { self.name.clone() } else { "?".to_owned() }, defect: *defect }
        })
    }
}

/// `None` for a broken escape, for bytes that are not UTF-8, and for NUL.
fn decode(encoded: &[u8]) -> Option<Cow<'_, str>> {
    if !encoded.iter().any(|byte| matches!(byte, b'%' | b'+' | 0)) {
        return std::str::from_utf8(encoded).ok().map(Cow::Borrowed);
    }
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded.iter();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => hex(*rest.next()?)? * 16 + hex(*rest.next()?)?,
            other => *other,
        });
    }
    if bytes.contains(&0) {
        return None;
    }
    String::from_utf8(bytes).ok().map(Cow::Owned)
}

/// Decodes one form-encoded text, as in the parts of `client_secret_basic` (RFC 6749 §2.3.1).
pub(super) fn decode_text(encoded: &str) -> Option<String> {
    decode(encoded.as_bytes()).map(Cow::into_owned)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

const MAX_PARAMETERS: usize = 100;
const REPEATABLE: [&str; 1] = ["resource"];
/// Claims that say of a JWT what it is (RFC 7519 §4.1).
const OF_THE_TOKEN: [&str; 7] = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn params(text: &str) -> Params {
        Params::parse(text.as_bytes(), MAX_QUERY).unwrap()
    }

    fn defect(text: &str, name: &str) -> Option<Defect> {
        params(text).get(name).err().map(|error| error.defect)
    }

    #[test]
    fn values_are_decoded_and_an_empty_one_is_absent() {
        let params = params("state=a+b%20c%C3%A9%26&empty=&bare&=x&&scope=openid");
        assert_eq!(params.get("state"), Ok(Some("a b cé&")));
        assert_eq!(params.get("scope"), Ok(Some("openid")));
        for absent in ["empty", "bare", "missing"] {
            assert_eq!(params.get(absent), Ok(None), "{absent}");
        }
    }

    #[test]
    fn a14_a16_a_parameter_given_twice_is_a_defect_of_that_parameter_alone() {
        for text in ["a=1&b=2&a=3", "a=1&b=2&a=1", "a=&b=2&a=1", "a&b=2&a", "%61=1&b=2&a=1"] {
            assert_eq!(defect(text, "a"), Some(Defect::Repeated), "{text}");
            assert_eq!(params(text).get("b"), Ok(Some("2")));
            assert!(params(text).check().is_err());
        }
        assert_eq!(params("unknown=1&unknown=2").check().unwrap_err().name, "unknown");
        assert_eq!(params("resource=a&resource=b&resource=").all("resource"), Ok(vec!["a", "b"]));
    }

    #[test]
    fn a34_what_is_not_text_is_refused() {
        for text in ["a=%ff", "a=%c0%af", "a=%ed%a0%80", "a=%00", "a=%", "a=%2", "a=%zz", "a=%+1"] {
            assert_eq!(defect(text, "a"), Some(Defect::NotText), "{text}");
        }
        assert!(Params::parse(b"a=\xff", 10).unwrap().get("a").is_err());
        assert!(Params::parse(b"a=\0", 10).unwrap().get("a").is_err());
        assert_eq!(params("%ff=1&a=2").check().unwrap_err().name, "?");
        assert_eq!(params("%ff=1&a=2").get("a"), Ok(Some("2")));
    }

    #[test]
    fn c18_too_many_or_too_long_parameters_are_refused() {
        assert!(Params::parse("a=1&".repeat(100).as_bytes(), MAX_BODY).is_ok());
        assert_eq!(Params::parse("a=1&".repeat(101).as_bytes(), MAX_BODY).err(), Some(ParamsError::TooMany));
        assert_eq!(Params::parse(&[b'a'; 11], 10).err(), Some(ParamsError::TooLong(10)));
    }

    #[test]
    fn the_members_of_a_request_object_are_parameters_but_for_those_of_the_token() {
        let members = serde_json::json!({
            "iss": "c", "aud": "i", "exp": 1, "nbf": 1, "iat": 1, "jti": "j", "sub": "s",
            "scope": "openid", "max_age": 60, "claims": {"id_token": {"acr": null}}, "state": "", "prompt": null,
            "resource": ["https://a.example", "https://b.example"], "nonce": "a\u{0}b",
        });
        let params = Params::of_request_object(members.as_object().unwrap()).unwrap();
        for (name, value) in [("scope", "openid"), ("max_age", "60"), ("claims", r#"{"id_token":{"acr":null}}"#)] {
            assert_eq!(params.get(name), Ok(Some(value)));
        }
        for absent in ["iss", "aud", "exp", "nbf", "iat", "jti", "sub", "state", "prompt"] {
            assert_eq!(params.get(absent), Ok(None), "{absent}");
        }
        assert_eq!(params.all("resource"), Ok(vec!["https://a.example", "https://b.example"]));
        assert_eq!(params.get("nonce").unwrap_err().defect, Defect::NotText);
        let many = (0..=MAX_PARAMETERS).map(|number| (number.to_string(), Value::from(1))).collect();
        assert_eq!(Params::of_request_object(&many).err(), Some(ParamsError::TooMany));
    }

    #[test]
    fn what_a_client_signed_wins_over_what_stands_beside_it() {
        let signed: Map<String, Value> = serde_json::from_str(r#"{"scope":"openid","resource":["a"]}"#).unwrap();
        let merged = Params::of_request_object(&signed).unwrap();
        let merged = merged.over(&params("scope=other&state=s&resource=b&request=x&request_uri=y"));
        assert_eq!((merged.get("scope"), merged.get("state")), (Ok(Some("openid")), Ok(Some("s"))));
        assert_eq!(merged.all("resource"), Ok(vec!["a"]));
        assert_eq!((merged.get("request"), merged.get("request_uri")), (Ok(None), Ok(None)));
    }

    #[test]
    fn debug_shows_no_value() {
        assert_eq!(format!("{:?}", params("code=secret")), "Params(1 …)");
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic_and_what_form_encoding_wrote_is_read(bytes in any::<Vec<u8>>(), text in "[^\0]{1,40}") {
            let _ = Params::parse(&bytes, MAX_BODY).map(|params| params.check());
            let encoded = form_urlencoded::Serializer::new(String::new()).append_pair("a", &text).finish();
            let params = params(&encoded);
            prop_assert_eq!(params.get("a"), Ok(Some(text.as_str())));
        }
    }
}
