//! The body of a registration request (RFC 7591 §3.1, RFC 7592 §2.2).
//!
//! ```text
//! { "redirect_uris": ["https://forum.example/cb"], "client_name": "Forum", … }
//! ```
//!
//! One JSON object of at most [`MAX_REGISTRATION`] bytes with each member once. A member that is `null` is left out, for that
//! is what it says (RFC 7592 §2.2). What the members mean is not looked at here.

use serde_json::{Map, Value};

use crate::wire::jose::json;

/// The members of a request.
pub fn registration_members(body: &[u8]) -> Result<Map<String, Value>, RegistrationBodyError> {
    if body.len() > MAX_REGISTRATION {
        return Err(RegistrationBodyError::TooLong);
    }
    let members = json::object(body).map_err(|_| RegistrationBodyError::NotAnObject)?;
    Ok(members.into_iter().filter(|(_, value)| !value.is_null()).collect())
}

/// Why nothing can be read.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum RegistrationBodyError {
    #[error("the request is longer than {MAX_REGISTRATION} bytes")]
    TooLong,
    #[error("the request has to be one JSON object in UTF-8, with each member once and at most 12 levels deep")]
    NotAnObject,
}

/// A handful of keys and forty addresses fit in well.
const MAX_REGISTRATION: usize = 32 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g12_a_request_of_any_size_or_with_a_member_twice_is_not_read() {
        let long = format!("{{\"a\":\"{}\"}}", "a".repeat(MAX_REGISTRATION));
        assert_eq!(registration_members(long.as_bytes()), Err(RegistrationBodyError::TooLong));
        for text in ["", "[]", "null", "{\"a\":1,\"a\":2}", "{\"a\":1} {}", "a=b", "{\"jwks\":{\"k\":1,\"\\u006b\":2}}"]
        {
            assert_eq!(registration_members(text.as_bytes()), Err(RegistrationBodyError::NotAnObject), "{text}");
        }
    }

    #[test]
    fn a_null_member_is_one_that_is_not_there() {
        let members = registration_members(br#"{"client_uri":null,"client_name":"Forum"}"#).unwrap();
        assert_eq!(Value::Object(members).to_string(), r#"{"client_name":"Forum"}"#);
    }
}
