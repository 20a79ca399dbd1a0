//! JSON without the freedoms that two parsers read differently (RFC 8259 §4, RFC 8725 §2.8): member names are unique at
//! every level, also when written with escapes; at most [`DEPTH`] levels; nothing after the value. The caller limits
//! the size before it comes here.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// The text is not one object of the strict form.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::wire) struct NotStrict;

/// Levels of nesting: claims such as `verified_claims` and JWK sets need six.
const DEPTH: usize = 12;

/// Parses exactly one object.
pub(in crate::wire) fn object(bytes: &[u8]) -> Result<Map<String, Value>, NotStrict> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = Strict { depth: DEPTH }.deserialize(&mut deserializer).map_err(|_| NotStrict)?;
    deserializer.end().map_err(|_| NotStrict)?;
    match value {
        Value::Object(members) => Ok(members),
        _ => Err(NotStrict),
    }
}

#[derive(Clone, Copy)]
struct Strict {
    depth: usize,
}

impl Strict {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        let depth = self.depth.checked_sub(1).ok_or_else(|| E::custom("nested too deeply"))?;
        Ok(Self { depth })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("not a finite number"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut items = Vec::new();
        while let Some(item) = access.next_element_seed(inner)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut members = Map::new();
        while let Some(name) = access.next_key::<String>()? {
            let value = access.next_value_seed(inner)?;
            if members.insert(name, value).is_some() {
                return Err(A::Error::custom("a member name twice"));
            }
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_plain_object_is_read_as_serde_json_reads_it() {
        let text = r#"{"a":[1,-2,3.5,null,true,"\u00e9"],"b":{"c":{}}}"#;
        assert_eq!(object(text.as_bytes()).map(Value::Object), Ok(serde_json::from_str(text).unwrap()));
    }

    #[test]
    fn names_twice_depth_trailing_data_and_other_values_are_refused() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(DEPTH), "]".repeat(DEPTH));
        let bad = [
            r#"{"sub":1,"sub":2}"#,
            r#"{"sub":1,"\u0073ub":2}"#,
            r#"{"a":{"b":1,"b":1}}"#,
            r#"[{"a":1}]"#,
            "1",
            "",
            r#"{"a":1} x"#,
            r#"{"a":1}{}"#,
            "{\"a\":1,}",
            "\u{feff}{}",
            r#"{"a":"\ud800"}"#,
            "{\"a\":\"\u{1}\"}",
            &deep,
            r#"{"a":1e999}"#,
            r#"{"a":NaN}"#,
            r#"{"a":01}"#,
        ];
        for text in bad {
            assert_eq!(object(text.as_bytes()), Err(NotStrict), "{text}");
        }
        assert_eq!(object(b"{\"a\":\"\xff\"}"), Err(NotStrict));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = object(&bytes);
        }
    }
}
