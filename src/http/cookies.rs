//! Cookies (RFC 6265 bis): one writer, one reader, no other form.

use std::{fmt::Write as _, time::Duration};

use axum::http::{HeaderMap, HeaderValue, header};

/// The value of a cookie, or `None` when it is missing, sent twice, longer than 4 KiB or not plain text.
///
/// Two cookies of one name mean that somebody else, on a neighbouring host, has set one of them.
pub fn read<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut found = None;
    for line in headers.get_all(header::COOKIE) {
        for pair in line.to_str().ok()?.split(';') {
            let Some((key, value)) = pair.trim_matches(' ').split_once('=') else { continue };
            if key == name && found.replace(value).is_some() {
                return None;
            }
        }
    }
    found.filter(|value| value.len() <= MAX_VALUE && value.bytes().all(is_cookie_octet))
}

/// `Set-Cookie` for a cookie that script cannot read, other hosts cannot set and other sites do not send along with a form.
/// Without a lifetime it ends with the browser.
///
/// Returns `None` for a value that could break out of the header; nothing we write does.
pub fn write(name: &str, value: &str, https: bool, lifetime: Option<Duration>) -> Option<HeaderValue> {
    if !value.bytes().all(is_cookie_octet) {
        return None;
    }
    let mut text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax");
    if https {
        text.push_str("; Secure");
    }
    if let Some(lifetime) = lifetime {
        let _ = write!(text, "; Max-Age={}", lifetime.as_secs());
    }
    HeaderValue::from_str(&text).ok()
}

/// `Set-Cookie` that ends a cookie.
pub fn clear(name: &str, https: bool) -> Option<HeaderValue> {
    write(name, "", https, Some(Duration::ZERO))
}

fn is_cookie_octet(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x2b | 0x2d..=0x3a | 0x3c..=0x5b | 0x5d..=0x7e)
}

const MAX_VALUE: usize = 4_096;

#[cfg(test)]
mod tests {
    use super::*;

    fn read_from(lines: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::COOKIE, HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        read(&headers, "s").map(str::to_owned)
    }

    #[test]
    fn a_cookie_sent_twice_is_no_cookie() {
        assert_eq!(read_from(&["a=1; s=x; b=2"]), Some("x".to_owned()));
        assert_eq!(read_from(&["s=x; s=x"]), None);
        assert_eq!(read_from(&["s=x", "a=1; s=y"]), None);
        assert_eq!(read_from(&["ss=x; S=y"]), None);
        assert_eq!(read_from(&["s=a b"]), None);
        assert_eq!(read_from(&[&format!("s={}", "x".repeat(8_192))]), None);
        assert_eq!(read_from(&["é=1; s=x"]), None);
    }

    #[test]
    fn a_cookie_is_out_of_reach_of_script_and_of_other_sites() {
        let cookie = write("__Host-s", "x", true, Some(Duration::from_mins(1))).unwrap();
        assert_eq!(cookie, "__Host-s=x; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=60");
        assert_eq!(write("s", "x", false, None).unwrap(), "s=x; Path=/; HttpOnly; SameSite=Lax");
        assert_eq!(write("s", "x; Domain=evil", true, None), None);
        assert_eq!(clear("s", false).unwrap(), "s=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
    }
}
