//! The payload of a JWT (RFC 7519 §3): read for display and for its lifetime, never verified and never trusted.

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// RFC 7515 §2 has no padding; servers that pad all the same are read too.
const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The JSON text of a JWT's middle segment, or `None` where the segment is not base64url of UTF-8.
///
/// ```
/// use tokenward::core::decode_payload;
/// assert_eq!(decode_payload("eyJzdWIiOiIxIn0").as_deref(), Some(r#"{"sub":"1"}"#));
/// assert_eq!(decode_payload("not base64!"), None);
/// ```
pub fn decode_payload(segment: &str) -> Option<String> {
    String::from_utf8(BASE64URL.decode(segment).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_with_characters_outside_ascii_is_read() {
        assert_eq!(decode_payload("eyJuYW1lIjoiWm_DqyDinJMifQ").as_deref(), Some(r#"{"name":"Zoë ✓"}"#));
    }

    #[test]
    fn padding_is_read_too() {
        assert_eq!(decode_payload("eyJzdWIiOiIxIn0=").as_deref(), Some(r#"{"sub":"1"}"#));
    }

    #[test]
    fn what_is_no_base64url_or_no_utf8_is_no_payload() {
        for segment in ["a", "eyJ+", "____", "ey J"] {
            assert_eq!(decode_payload(segment), None, "{segment}");
        }
    }
}
