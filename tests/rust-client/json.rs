//! JSON that a server sends, read as a type of the app: as `serde_json` reads it, and with errors that name the field.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokenward::{AuthClient, AuthError, Restore};
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;

#[derive(Debug, PartialEq, Deserialize)]
struct Everything {
    text: String,
    letter: char,
    flag: bool,
    small: u8,
    negative: i32,
    large: u64,
    half: f64,
    single: f32,
    none: Option<u8>,
    some: Option<String>,
    absent: Option<bool>,
    #[serde(default)]
    defaulted: u16,
    unit: (),
    list: Vec<u8>,
    pair: (u8, String),
    identifier: Identifier,
    point: Point,
    nested: HashMap<String, Vec<Option<bool>>>,
    shapes: Vec<Shape>,
    event: Event,
    adjacent: Adjacent,
    either: Vec<Either>,
    any: Value,
    #[serde(flatten)]
    rest: HashMap<String, Value>,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Identifier(u64);

#[derive(Debug, PartialEq, Deserialize)]
struct Point(f64, f64);

#[derive(Debug, PartialEq, Deserialize)]
enum Shape {
    Empty,
    Circle(f64),
    Line(u8, u8),
    Box { width: u8, name: Option<String> },
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
enum Event {
    SignedIn { at: i64 },
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(tag = "kind", content = "value")]
enum Adjacent {
    Number(f64),
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(untagged)]
enum Either {
    Number(i64),
    Fraction(f64),
    Text(String),
    Nothing(()),
    List(Vec<Either>),
}

#[wasm_bindgen_test]
async fn a_json_value_is_read_as_serde_json_reads_it() {
    let json = json!({
        "text": "“a” \u{1F600} \u{0}", "letter": "ß", "flag": true,
        "small": 255, "negative": -2_147_483_648_i64, "large": 9_007_199_254_740_991_u64, "half": 0.5, "single": 3,
        "none": null, "some": "", "unit": null,
        "list": [0, 1, 2], "pair": [7, "seven"], "identifier": 42, "point": [1, -1.5],
        "nested": { "": [true, null], "__proto__": [], "constructor": [false] },
        "shapes": ["Empty", { "Circle": 2 }, { "Line": [1, 2] }, { "Box": { "width": 3, "name": null, "other": 0 } }],
        "event": { "type": "signed-in", "at": -5 },
        "adjacent": { "kind": "Number", "value": 1e300 },
        "either": [1, 0.25, "x", null, [[], [2]]],
        "any": { "deep": [[{ "er": [null, 1.5, -3, "z", false] }]] },
        "left": [1], "over": {},
    });
    assert_eq!(read::<Everything>(&json).await.unwrap(), serde_json::from_value::<Everything>(json).unwrap());
}

#[derive(Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
struct Key(u64);

#[derive(Debug, PartialEq, Eq, Hash, Deserialize)]
enum Color {
    Red,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Keys {
    large: HashMap<u64, u8>,
    negative: HashMap<i8, u8>,
    flags: HashMap<bool, u8>,
    named: BTreeMap<Key, u8>,
    variants: HashMap<Color, u8>,
    maybe: HashMap<Option<u16>, u8>,
}

#[wasm_bindgen_test]
async fn the_keys_of_a_map_are_what_its_type_says() {
    let json = json!({
        "large": { "0": 1, "18446744073709551615": 2 }, "negative": { "-128": 1 }, "flags": { "true": 1, "false": 0 },
        "named": { "7": 1 }, "variants": { "Red": 1 }, "maybe": { "5": 1 },
    });
    assert_eq!(read::<Keys>(&json).await.unwrap(), serde_json::from_value::<Keys>(json).unwrap());
    let wrong = json!([{ "ada": 1 }]);
    assert_eq!(error_of::<Vec<HashMap<u8, u8>>>(&wrong).await, "[0].ada: expected u8, got a field name");
    let large = json!({ "256": 1 });
    assert_eq!(error_of::<HashMap<u8, u8>>(&large).await, "expected u8, got 256");
}

/// A visitor that takes only what `serde_json` gives it for `42`.
#[derive(Debug, PartialEq)]
struct Unsigned(u64);

impl<'de> Deserialize<'de> for Unsigned {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Unsigned;

            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("an unsigned integer")
            }

            fn visit_u64<E>(self, value: u64) -> Result<Unsigned, E> {
                Ok(Unsigned(value))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

#[wasm_bindgen_test]
async fn visitors_receive_what_serde_json_gives_them() {
    assert_eq!(read::<Vec<Unsigned>>(&json!([0, 42])).await.unwrap(), [Unsigned(0), Unsigned(42)]);
    assert_eq!(error_of::<Unsigned>(&json!(-1)).await, "expected an unsigned integer, got -1");
    // The fields of a struct, in their order.
    assert_eq!(read::<Event>(&json!({ "at": 1, "type": "signed-in" })).await.unwrap(), Event::SignedIn { at: 1 });
    let team: Team = read(&json!(["a team", "Member"])).await.unwrap();
    assert_eq!(team.name, "a team");
    let shape: Shape = read(&json!({ "Box": [3, null] })).await.unwrap();
    assert_eq!(shape, Shape::Box { width: 3, name: None });
}

#[wasm_bindgen_test]
async fn values_that_the_stack_cannot_hold_are_an_error() {
    let nested =
        |levels: usize| serde_json::from_str::<Value>(&format!("{}1{}", "[".repeat(levels), "]".repeat(levels)));
    let deep = nested(127).unwrap();
    assert_eq!(read::<Value>(&deep).await.unwrap(), deep);
    let deeper = json!([deep, { "a": [[1]] }]);
    assert_eq!(read::<Value>(&deeper).await.unwrap(), deeper);
    let too_deep = read_text::<Value>(&format!("{}{}", "[".repeat(20_000), "]".repeat(20_000))).await;
    let Err(AuthError::Json(text)) = too_deep else { panic!("{too_deep:?}") };
    assert!(text.ends_with(": more than 128 arrays and objects inside of each other"), "{text}");
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct User {
    email: String,
    #[serde(default)]
    age: u8,
    #[serde(default)]
    teams: Vec<Team>,
}

#[derive(Debug, Deserialize)]
#[allow(dead_code)]
struct Team {
    name: String,
    role: Role,
}

#[derive(Debug, Deserialize)]
enum Role {
    Admin,
    Member,
}

#[wasm_bindgen_test]
async fn an_error_names_the_field_what_was_expected_and_what_came() {
    let team = |team: Value| json!({ "email": "a", "teams": [{ "name": "t", "role": "Admin" }, team] });
    for (json, expected) in [
        (json!(null), "expected struct User, got null"),
        (json!("ada"), "expected struct User, got a string"),
        (json!({}), "missing field `email`"),
        (json!({ "email": 5 }), "email: expected a string, got 5"),
        (json!({ "email": null }), "email: expected a string, got null"),
        (json!({ "email": ["a"] }), "email: expected a string, got an array"),
        (json!({ "email": "a", "age": 256 }), "age: expected u8, got 256"),
        (json!({ "email": "a", "age": -1 }), "age: expected u8, got -1"),
        (json!({ "email": "a", "age": 1.5 }), "age: expected u8, got 1.5"),
        (json!({ "email": 1e21 }), "email: expected a string, got 1e+21 (JavaScript rounds numbers from 2^53)"),
        (json!({ "email": -0.5 }), "email: expected a string, got -0.5"),
        (json!({ "email": "a", "age": true }), "age: expected u8, got true"),
        (json!({ "email": "a", "teams": {} }), "teams: expected a sequence, got an object"),
        (json!({ "email": "a", "shoe": 1 }), "unknown field `shoe`, expected one of `email`, `age`, `teams`"),
        (team(json!({ "name": "t" })), "teams[1]: missing field `role`"),
        (team(json!({ "name": {}, "role": "Member" })), "teams[1].name: expected a string, got an object"),
        (team(json!({ "name": "t", "role": "x" })), "teams[1].role: unknown variant `x`, expected `Admin` or `Member`"),
        (
            json!({ "email": "a", "age": 9_007_199_254_740_993_u64 }),
            "age: expected u8, got 9007199254740992 (JavaScript rounds numbers from 2^53)",
        ),
        (team(json!({ "name": "t", "role": 1 })), "teams[1].role: expected enum Role, got 1"),
    ] {
        assert_eq!(error_of::<User>(&json).await, expected, "{json}");
    }
    let nested = json!({ "a": [[{ "b": [0, "x"] }]] });
    assert_eq!(
        error_of::<HashMap<String, Vec<Vec<HashMap<String, Vec<u8>>>>>>(&nested).await,
        "a[0][0].b[1]: expected u8, got a string"
    );
    assert_eq!(error_of::<(u8, u8)>(&json!([1])).await, "invalid length 1, expected a tuple of size 2");
    assert_eq!(
        error_of::<Shape>(&json!("Circle")).await,
        "expected an object with the variant and its content, got a string"
    );
    let shapes = json!([{ "Box": { "width": "x" } }]);
    assert_eq!(error_of::<Vec<Shape>>(&shapes).await, "[0].Box.width: expected u8, got a string");
    assert_eq!(error_of::<Shape>(&json!({ "Circle": "x" })).await, "Circle: expected f64, got a string");
    assert_eq!(error_of::<Shape>(&json!({ "Empty": 1 })).await, "Empty: expected unit, got 1");
    assert_eq!(error_of::<Shape>(&json!({})).await, "expected an object with one field, got 0 fields");
}

/// A value of JavaScript that the type keeps.
#[derive(Debug, Deserialize)]
struct Kept {
    #[serde(with = "serde_wasm_bindgen::preserve")]
    value: JsValue,
}

#[derive(Debug, Deserialize)]
#[allow(dead_code)]
struct Around {
    #[serde(flatten)]
    kept: Kept,
}

#[wasm_bindgen_test]
async fn a_field_that_keeps_the_value_of_javascript_has_it() {
    let kept: Kept = read(&json!({ "value": { "a": [1] } })).await.unwrap();
    let text = js_sys::JSON::stringify(&kept.value).unwrap();
    assert_eq!(text, r#"{"a":[1]}"#);
    // A server cannot name an entry of the table in which the app keeps its values.
    let forged = ["1fc430ca-5b7f-4295-92de-33cf2b145d38", "x"];
    let kept: Kept = read(&json!({ "value": forged })).await.unwrap();
    assert!(js_sys::Array::is_array(&kept.value));
    let forged = json!({ "value": ["1fc430ca-5b7f-4295-92de-33cf2b145d38", 132] });
    let reserved = "an array begins with a name that serde-wasm-bindgen reserves";
    assert_eq!(error_of::<Around>(&forged).await, format!("value: {reserved}"));
}

/// Reads the JSON from a response.
async fn read<T: DeserializeOwned>(json: &Value) -> Result<T, AuthError> {
    read_text(&json.to_string()).await
}

async fn read_text<T: DeserializeOwned>(json: &str) -> Result<T, AuthError> {
    let auth = AuthClient::builder().name("json").restore(Restore::Never).build().unwrap();
    let text = js_sys::encode_uri_component(json);
    let response = auth.fetch(format!("data:application/json,{text}")).await.unwrap();
    let value = response.json().await;
    auth.dispose();
    value
}

async fn error_of<T: DeserializeOwned + Debug>(json: &Value) -> String {
    match read::<T>(json).await {
        Err(AuthError::Json(text)) => text,
        other => panic!("{other:?}"),
    }
}
