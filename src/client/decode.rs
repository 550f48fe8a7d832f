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
    T::deserialize(Json { value, levels: LEVELS }).map_err(|error| AuthError::Json(error.to_string()))
}

/// How deep arrays and objects may be inside of each other, as in `serde_json`: the stack of the wasm has an end.
const LEVELS: u8 = 128;

/// The first integer that JavaScript does not tell from its neighbour: 2⁵³.
const FIRST_UNSAFE: f64 = 9_007_199_254_740_992.0;

/// The name of the tuple struct by which `serde_wasm_bindgen::preserve` keeps a value of JavaScript: this name, and the index of the
/// value in a table of the app.
const PRESERVED: &str = "1fc430ca-5b7f-4295-92de-33cf2b145d38";

#[wasm_bindgen]
extern "C" {
    /// An object of JSON. (`Reflect::get` would catch exceptions; there are none.)
    #[wasm_bindgen(extends = Object)]
    type Members;
    #[wasm_bindgen(method, indexing_getter)]
    fn get(this: &Members, name: &JsString) -> JsValue;
}

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
    let text = Number::from(number).to_string_with_radix(10).map(String::from).unwrap_or_default();
    if number.abs() < FIRST_UNSAFE { text } else { text + " (JavaScript rounds numbers from 2^53)" }
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

/// A JSON value, which deserializes itself.
struct Json {
    value: JsValue,
    /// How many levels of arrays and objects may be inside of it.
    levels: u8,
}

impl Json {
    #[cold]
    fn mismatch(&self, expected: &dyn Expected) -> Mismatch {
        Mismatch::unexpected(self.kind(), expected)
    }

    fn kind(&self) -> Unexpected<'static> {
        match &self.value {
            value if value.is_null_or_undefined() => Unexpected::Unit,
            value if value.is_string() => Unexpected::Str(""),
            value if Array::is_array(value) => Unexpected::Seq,
            value if value.is_object() => Unexpected::Map,
            value => match (value.as_bool(), self.integer(), value.as_f64()) {
                (Some(flag), ..) => Unexpected::Bool(flag),
                (_, Some(number), _) => Unexpected::Signed(number),
                (_, _, Some(number)) => Unexpected::Float(number),
                (None, None, None) => Unexpected::Other("a value that JSON does not have"),
            },
        }
    }

    /// An integer that JavaScript tells from its neighbours (`Number.isSafeInteger`).
    #[expect(clippy::float_cmp, reason = "an integer is exactly equal")]
    fn integer(&self) -> Option<i64> {
        let number = self.value.as_f64()?;
        let integer = number as i64;
        (integer as f64 == number && number.abs() < FIRST_UNSAFE).then_some(integer)
    }

    fn is_null(&self) -> bool {
        self.value.is_null_or_undefined()
    }

    fn is_object(&self) -> bool {
        self.value.is_object() && !Array::is_array(&self.value)
    }

    /// How many levels may be inside of an element or a field of this value.
    fn levels_inside(&self) -> Result<u8, Mismatch> {
        let too_deep = || de::Error::custom(format_args!("more than {LEVELS} arrays and objects inside of each other"));
        self.levels.checked_sub(1).ok_or_else(too_deep)
    }

    fn into_fields(self) -> Result<Fields, Mismatch> {
        let levels = self.levels_inside()?;
        let object: Members = self.value.unchecked_into();
        Ok(Fields { names: Object::keys(&object).into_iter(), object, name: JsValue::UNDEFINED, levels })
    }

    fn text(&self) -> Option<String> {
        self.value.as_string()
    }
}

/// (Visitors expect `u64` of an integer that is not negative, as from `serde_json`.)
fn visit_integer<'de, V: Visitor<'de>>(integer: i64, visitor: V) -> Result<V::Value, Mismatch> {
    match u64::try_from(integer) {
        Ok(integer) => visitor.visit_u64(integer),
        Err(_) => visitor.visit_i64(integer),
    }
}

/// Methods of a deserializer that read a value and hand it to the visitor.
macro_rules! read {
    ($($method:ident => $read:expr, $visit:expr;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
            match $read(&self) {
                Some(value) => $visit(value, visitor),
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
            Unexpected::Signed(integer) => visit_integer(integer, visitor),
            Unexpected::Str(_) => self.deserialize_string(visitor),
            // (serde keeps the values of a type with `flatten` or a tag, and then reads any array as a tuple struct.)
            Unexpected::Seq if self.value.unchecked_ref::<Array>().get(0) == *PRESERVED => {
                Err(de::Error::custom("an array begins with a name that serde-wasm-bindgen reserves"))
            }
            Unexpected::Seq => self.deserialize_seq(visitor),
            Unexpected::Map => self.deserialize_map(visitor),
            _ => self.deserialize_f64(visitor),
        }
    }

    read! {
        deserialize_bool => |json: &Self| json.value.as_bool(), |flag, visitor: V| visitor.visit_bool(flag);
        deserialize_f32 => |json: &Self| json.value.as_f64(), |number, visitor: V| visitor.visit_f64(number);
        deserialize_f64 => |json: &Self| json.value.as_f64(), |number, visitor: V| visitor.visit_f64(number);
        deserialize_i8 => Self::integer, visit_integer;
        deserialize_i16 => Self::integer, visit_integer;
        deserialize_i32 => Self::integer, visit_integer;
        deserialize_i64 => Self::integer, visit_integer;
        deserialize_u8 => Self::integer, visit_integer;
        deserialize_u16 => Self::integer, visit_integer;
        deserialize_u32 => Self::integer, visit_integer;
        deserialize_u64 => Self::integer, visit_integer;
        deserialize_char => Self::text, |text, visitor: V| visitor.visit_string(text);
        deserialize_str => Self::text, |text, visitor: V| visitor.visit_string(text);
        deserialize_string => Self::text, |text, visitor: V| visitor.visit_string(text);
        deserialize_identifier => Self::text, |text, visitor: V| visitor.visit_string(text);
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
        if !Array::is_array(&self.value) {
            return Err(self.mismatch(&visitor));
        }
        let levels = self.levels_inside()?;
        let array: Array = self.value.unchecked_into();
        let length = array.length() as usize;
        let mut elements = Elements { rest: array.into_iter().enumerate(), levels };
        let value = visitor.visit_seq(&mut elements)?;
        match elements.rest.len() {
            0 => Ok(value),
            rest => Err(de::Error::invalid_length(length, &&*format!("{} elements", length - rest))),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _length: usize, visitor: V) -> Result<V::Value, Mismatch> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        if name == PRESERVED {
            let deserializer = serde_wasm_bindgen::Deserializer::from(self.value);
            return deserializer.deserialize_tuple_struct(name, length, visitor).map_err(de::Error::custom);
        }
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        if !self.is_object() {
            return Err(self.mismatch(&visitor));
        }
        visitor.visit_map(self.into_fields()?)
    }

    /// From an object, or from an array of the values of the fields.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        if Array::is_array(&self.value) { self.deserialize_seq(visitor) } else { self.deserialize_map(visitor) }
    }

    /// A unit variant is a string; every other variant is an object with one field.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        if let Some(name) = self.text() {
            return visitor.visit_enum(Variant { name, content: None });
        }
        if !self.is_object() {
            return Err(self.mismatch(&visitor));
        }
        let mut fields = self.into_fields()?;
        let length = fields.names.len();
        if length != 1 {
            return Err(de::Error::custom(format_args!("expected an object with one field, got {length} fields")));
        }
        fields.name = fields.names.next().unwrap_or_default();
        visitor.visit_enum(Variant { name: fields.name(), content: Some(fields.value()) })
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! { i128 u128 bytes byte_buf unit unit_struct }
}

/// The elements of an array, with their indices.
struct Elements {
    rest: Enumerate<ArrayIntoIter>,
    levels: u8,
}

impl<'de> de::SeqAccess<'de> for Elements {
    type Error = Mismatch;

    fn next_element_seed<T: de::DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Mismatch> {
        let Some((index, value)) = self.rest.next() else { return Ok(None) };
        let json = Json { value, levels: self.levels };
        seed.deserialize(json).map(Some).map_err(|error| error.in_element(index))
    }

    fn size_hint(&self) -> Option<usize> {
        self.rest.size_hint().1
    }
}

/// The fields of an object.
struct Fields {
    object: Members,
    names: ArrayIntoIter,
    /// The name of the current field.
    name: JsValue,
    levels: u8,
}

impl Fields {
    fn name(&self) -> String {
        self.name.as_string().unwrap_or_default()
    }

    fn value(&self) -> Json {
        Json { value: self.object.get(self.name.unchecked_ref()), levels: self.levels }
    }
}

impl<'de> de::MapAccess<'de> for Fields {
    type Error = Mismatch;

    fn next_key_seed<K: de::DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Mismatch> {
        let Some(name) = self.names.next() else { return Ok(None) };
        self.name = name;
        seed.deserialize(FieldName(self.name())).map(Some)
    }

    fn next_value_seed<T: de::DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Mismatch> {
        seed.deserialize(self.value()).map_err(|error| error.in_field(&self.name()))
    }
}

/// The name of a field. It is a number or a boolean where the key of a map is one, as in `serde_json`.
struct FieldName(String);

impl FieldName {
    #[cold]
    fn mismatch(self, expected: &dyn Expected) -> Mismatch {
        Mismatch::unexpected(Unexpected::Other("a field name"), expected).in_field(&self.0)
    }
}

/// Methods of a deserializer that parse the name.
macro_rules! parse {
    ($($method:ident => $type:ty, $visit:ident;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
            match self.0.parse::<$type>() {
                Ok(value) => visitor.$visit(value),
                Err(_) => Err(self.mismatch(&visitor)),
            }
        }
    )*};
}

impl<'de> de::Deserializer<'de> for FieldName {
    type Error = Mismatch;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        visitor.visit_string(self.0)
    }

    parse! {
        deserialize_bool => bool, visit_bool;
        deserialize_i8 => i64, visit_i64;
        deserialize_i16 => i64, visit_i64;
        deserialize_i32 => i64, visit_i64;
        deserialize_i64 => i64, visit_i64;
        deserialize_u8 => u64, visit_u64;
        deserialize_u16 => u64, visit_u64;
        deserialize_u32 => u64, visit_u64;
        deserialize_u64 => u64, visit_u64;
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        visitor.visit_enum(Variant { name: self.0, content: None })
    }

    forward_to_deserialize_any! {
        i128 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

/// A variant of an enum: its name, and its content if it has one.
struct Variant {
    name: String,
    content: Option<Json>,
}

impl<'de> de::EnumAccess<'de> for Variant {
    type Error = Mismatch;
    type Variant = Self;

    fn variant_seed<V: de::DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Mismatch> {
        Ok((seed.deserialize(FieldName(self.name.clone()))?, self))
    }
}

impl Variant {
    /// Reads the content, which must be there.
    fn read<T>(self, read: impl FnOnce(Json) -> Result<T, Mismatch>) -> Result<T, Mismatch> {
        let Some(content) = self.content else {
            return Err(de::Error::custom("expected an object with the variant and its content, got a string"));
        };
        read(content).map_err(|error| error.in_field(&self.name))
    }
}

impl<'de> de::VariantAccess<'de> for Variant {
    type Error = Mismatch;

    fn unit_variant(self) -> Result<(), Mismatch> {
        if self.content.is_none() { Ok(()) } else { self.read(de::Deserialize::deserialize) }
    }

    fn newtype_variant_seed<T: de::DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Mismatch> {
        self.read(|content| seed.deserialize(content))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _length: usize, visitor: V) -> Result<V::Value, Mismatch> {
        self.read(|content| de::Deserializer::deserialize_seq(content, visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        self.read(|content| de::Deserializer::deserialize_struct(content, "", fields, visitor))
    }
}
