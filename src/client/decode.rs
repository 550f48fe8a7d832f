//! Reads a JSON value (what `JSON.parse` returns) as a type of the app.
//!
//! serde-wasm-bindgen reads it too, but its errors name no field, and they are formatted by serde's `Unexpected`, which brings
//! the formatting of floats and of Unicode (18 KB of code) into an app that has neither.

use std::fmt;
use std::iter::Enumerate;

use js_sys::{Array, ArrayIntoIter, JsString, Number, Object};
use serde::de::{self, DeserializeOwned, Expected, Unexpected, Visitor};
use serde::forward_to_deserialize_any;
use wasm_bindgen::prelude::*;

use super::AuthError;

/// Reads a JSON value.
///
/// # Errors
/// [`AuthError::Json`] with the path of the field, what was expected and what came.
pub(super) fn decode<T: DeserializeOwned>(value: JsValue) -> Result<T, AuthError> {
    T::deserialize(Json(value)).map_err(|error| AuthError::Json(error.to_string()))
}

#[wasm_bindgen]
extern "C" {
    /// An object of JSON. (`Reflect::get` would catch exceptions; there are none.)
    #[wasm_bindgen(extends = Object)]
    type Members;
    #[wasm_bindgen(method, indexing_getter)]
    fn get(this: &Members, name: &JsString) -> JsValue;
}

/// A JSON value, which deserializes itself.
struct Json(JsValue);

/// Why a value does not fit the type.
#[derive(Debug)]
struct Mismatch {
    /// The path of the value, as in JavaScript: `roles[2].name`; empty for the value itself.
    path: String,
    problem: String,
}

impl Mismatch {
    /// The same problem, seen from the object that has this field.
    #[cold]
    fn in_field(mut self, name: &str) -> Self {
        let separator = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path = [name, separator, &self.path].concat();
        self
    }

    /// The same problem, seen from the array that has this element.
    #[cold]
    fn in_element(self, index: usize) -> Self {
        self.in_field(&["[", &index.to_string(), "]"].concat())
    }

    #[cold]
    fn unexpected(received: Unexpected, expected: &dyn Expected) -> Self {
        let received = match received {
            Unexpected::Bool(true) => "true",
            Unexpected::Bool(false) => "false",
            Unexpected::Unsigned(number) => &number.to_string(),
            Unexpected::Signed(number) => &number.to_string(),
            Unexpected::Float(number) => &text_of_number(number),
            Unexpected::Char(_) | Unexpected::Str(_) => "a string",
            Unexpected::Unit | Unexpected::Option => "null",
            Unexpected::Bytes(_) | Unexpected::Seq => "an array",
            Unexpected::Map => "an object",
            Unexpected::Other(text) => text,
            _ => "a value of another kind",
        };
        de::Error::custom(format_args!("expected {expected}, got {received}"))
    }
}

/// A number as JavaScript writes it.
fn text_of_number(number: f64) -> String {
    Number::from(number).to_string_with_radix(10).map(String::from).unwrap_or_default()
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            f.write_str(&self.path)?;
            f.write_str(": ")?;
        }
        f.write_str(&self.problem)
    }
}

impl std::error::Error for Mismatch {}

impl de::Error for Mismatch {
    fn custom<T: fmt::Display>(problem: T) -> Self {
        Self { path: String::new(), problem: problem.to_string() }
    }

    fn invalid_type(received: Unexpected, expected: &dyn Expected) -> Self {
        Self::unexpected(received, expected)
    }

    fn invalid_value(received: Unexpected, expected: &dyn Expected) -> Self {
        Self::unexpected(received, expected)
    }
}

impl Json {
    #[cold]
    fn mismatch(&self, expected: &dyn Expected) -> Mismatch {
        Mismatch::unexpected(self.kind(), expected)
    }

    fn kind(&self) -> Unexpected<'static> {
        match &self.0 {
            value if value.is_null_or_undefined() => Unexpected::Unit,
            value if value.is_string() => Unexpected::Str(""),
            value if Array::is_array(value) => Unexpected::Seq,
            value if value.is_object() => Unexpected::Map,
            value => match (value.as_bool(), self.integer()) {
                (Some(flag), _) => Unexpected::Bool(flag),
                (None, Some(number)) => Unexpected::Signed(number),
                (None, None) => Unexpected::Float(value.as_f64().unwrap_or(f64::NAN)),
            },
        }
    }

    /// A safe integer: one that JavaScript represents exactly (`Number.isSafeInteger`).
    #[expect(clippy::float_cmp, reason = "an integer is exactly equal")]
    fn integer(&self) -> Option<i64> {
        let number = self.0.as_f64()?;
        let integer = number as i64;
        (integer as f64 == number && integer.unsigned_abs() < 1 << 53).then_some(integer)
    }

    fn is_null(&self) -> bool {
        self.0.is_null_or_undefined()
    }

    fn is_object(&self) -> bool {
        self.0.is_object() && !Array::is_array(&self.0)
    }
}

/// The deserializers that differ in the method of the visitor only.
macro_rules! read {
    ($($method:ident => $read:expr, $visit:ident;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
            match $read(&self) {
                Some(value) => visitor.$visit(value),
                None => Err(self.mismatch(&visitor)),
            }
        }
    )*};
}

impl<'de> de::Deserializer<'de> for Json {
    type Error = Mismatch;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self.kind() {
            Unexpected::Unit => visitor.visit_unit(),
            Unexpected::Bool(flag) => visitor.visit_bool(flag),
            Unexpected::Signed(number) => visitor.visit_i64(number),
            Unexpected::Str(_) => self.deserialize_string(visitor),
            Unexpected::Seq => self.deserialize_seq(visitor),
            Unexpected::Map => self.deserialize_map(visitor),
            _ => self.deserialize_f64(visitor),
        }
    }

    read! {
        deserialize_bool => |json: &Self| json.0.as_bool(), visit_bool;
        deserialize_f32 => |json: &Self| json.0.as_f64(), visit_f64;
        deserialize_f64 => |json: &Self| json.0.as_f64(), visit_f64;
        deserialize_i8 => Self::integer, visit_i64;
        deserialize_i16 => Self::integer, visit_i64;
        deserialize_i32 => Self::integer, visit_i64;
        deserialize_i64 => Self::integer, visit_i64;
        deserialize_u8 => Self::integer, visit_i64;
        deserialize_u16 => Self::integer, visit_i64;
        deserialize_u32 => Self::integer, visit_i64;
        deserialize_u64 => Self::integer, visit_i64;
        deserialize_char => |json: &Self| json.0.as_string(), visit_string;
        deserialize_str => |json: &Self| json.0.as_string(), visit_string;
        deserialize_string => |json: &Self| json.0.as_string(), visit_string;
        deserialize_identifier => |json: &Self| json.0.as_string(), visit_string;
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        if self.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        if !Array::is_array(&self.0) {
            return Err(self.mismatch(&visitor));
        }
        let array: Array = self.0.unchecked_into();
        let length = array.length() as usize;
        let mut elements = Elements(array.into_iter().enumerate());
        let value = visitor.visit_seq(&mut elements)?;
        match elements.0.len() {
            0 => Ok(value),
            rest => Err(de::Error::invalid_length(length, &&*format!("{} elements", length - rest))),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _length: usize, visitor: V) -> Result<V::Value, Mismatch> {
        self.deserialize_seq(visitor)
    }

    /// (`serde_wasm_bindgen::preserve` keeps a value of JavaScript, with a tuple struct that only serde-wasm-bindgen reads.)
    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        if name == "1fc430ca-5b7f-4295-92de-33cf2b145d38" {
            let deserializer = serde_wasm_bindgen::Deserializer::from(self.0);
            return deserializer.deserialize_tuple_struct(name, length, visitor).map_err(de::Error::custom);
        }
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        if !self.is_object() {
            return Err(self.mismatch(&visitor));
        }
        visitor.visit_map(Fields::of(self.0.unchecked_into()))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        self.deserialize_map(visitor)
    }

    /// A unit variant is a string; every other variant is an object with one field.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        if self.0.is_string() {
            return visitor.visit_enum(Variant { name: self, content: None });
        }
        if !self.is_object() {
            return Err(self.mismatch(&visitor));
        }
        let mut fields = Fields::of(self.0.unchecked_into());
        let length = fields.names.len();
        if length != 1 {
            return Err(de::Error::custom(format_args!("expected an object with one field, got {length} fields")));
        }
        fields.name = fields.names.next().unwrap_or_default();
        visitor.visit_enum(Variant { content: Some(fields.value()), name: Self(fields.name) })
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! { i128 u128 bytes byte_buf unit unit_struct }
}

/// The elements of an array, with their indices.
struct Elements(Enumerate<ArrayIntoIter>);

impl<'de> de::SeqAccess<'de> for Elements {
    type Error = Mismatch;

    fn next_element_seed<T: de::DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Mismatch> {
        let Some((index, value)) = self.0.next() else { return Ok(None) };
        seed.deserialize(Json(value)).map(Some).map_err(|error| error.in_element(index))
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint().1
    }
}

/// The fields of an object.
struct Fields {
    object: Members,
    names: ArrayIntoIter,
    /// The name of the current field.
    name: JsValue,
}

impl Fields {
    fn of(object: Members) -> Self {
        Self { names: Object::keys(&object).into_iter(), object, name: JsValue::UNDEFINED }
    }

    fn value(&self) -> Json {
        Json(self.object.get(self.name.unchecked_ref()))
    }
}

impl<'de> de::MapAccess<'de> for Fields {
    type Error = Mismatch;

    fn next_key_seed<K: de::DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Mismatch> {
        let Some(name) = self.names.next() else { return Ok(None) };
        self.name = name.clone();
        seed.deserialize(Json(name)).map(Some)
    }

    fn next_value_seed<T: de::DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Mismatch> {
        seed.deserialize(self.value()).map_err(|error| error.in_field(&self.name.as_string().unwrap_or_default()))
    }
}

/// A variant of an enum: its name, and its content if it has one.
struct Variant {
    name: Json,
    content: Option<Json>,
}

impl<'de> de::EnumAccess<'de> for Variant {
    type Error = Mismatch;
    type Variant = Content;

    fn variant_seed<V: de::DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Content), Mismatch> {
        Ok((seed.deserialize(self.name)?, Content(self.content)))
    }
}

/// The content of a variant.
struct Content(Option<Json>);

impl Content {
    fn required(self) -> Result<Json, Mismatch> {
        self.0.ok_or_else(|| de::Error::custom("expected an object with the variant and its content, got a string"))
    }
}

impl<'de> de::VariantAccess<'de> for Content {
    type Error = Mismatch;

    fn unit_variant(self) -> Result<(), Mismatch> {
        self.0.map_or(Ok(()), de::Deserialize::deserialize)
    }

    fn newtype_variant_seed<T: de::DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Mismatch> {
        seed.deserialize(self.required()?)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _length: usize, visitor: V) -> Result<V::Value, Mismatch> {
        de::Deserializer::deserialize_seq(self.required()?, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        de::Deserializer::deserialize_map(self.required()?, visitor)
    }
}
