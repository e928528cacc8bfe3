//! JSON and text with `${name}` in them. A reference alone in a JSON string takes the value's JSON type; inside a
//! longer string, a path or a header it is text. Filled in after parsing, so that a value can never become syntax.

use std::fmt;

use serde_json::{Map, Value};

/// A piece of text with references in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    parts: Vec<Part>,
}

/// JSON whose strings (keys too) may hold references.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Template {
    value: Value,
}

/// What stands between `${` and `}`: a dotted name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reference(pub String);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    Reference(Reference),
}

/// Text that looks like a reference but is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// No closing brace.
    #[error("`${{` without a closing `}}`")]
    Unclosed,
    /// Something that is not a dotted name.
    #[error("`${{{0}}}` is not a name: use letters, digits, `-`, `_` and dots, as in `${{ada.id}}`")]
    NotAName(String),
    /// A `$for` that is none.
    #[error("`$for` takes the name of a list, and has `give` and nothing else beside it")]
    NotAFor,
}

impl TemplateError {
    /// What to write instead.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Unclosed | Self::NotAName(_) => "write `${name}`",
            Self::NotAFor => r#"write {"$for": "${ids}", "give": {"value": "${each}"}}"#,
        }
    }
}

/// A reference that has no value when the text is filled in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("${{{}}} has no value yet", .0.0)]
pub struct Unbound(pub Reference);

/// One more name, over others: `${n}` of a request that is sent several times, `${each}` of a list.
pub struct With<'a> {
    /// Where all other names get their values.
    pub others: &'a dyn Lookup,
    /// The name.
    pub name: &'a str,
    /// Its value.
    pub value: &'a Value,
}

/// Where references get their values.
pub trait Lookup {
    /// The value of a reference, if it has one now.
    fn value(&self, reference: &Reference) -> Option<Value>;
}

impl Text {
    /// Splits text into literals and references.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(start) = rest.find("${") {
            if start > 0 {
                parts.push(Part::Literal(rest[..start].to_owned()));
            }
            let inner = &rest[start + 2..];
            let end = inner.find('}').ok_or(TemplateError::Unclosed)?;
            let name = &inner[..end];
            if !is_dotted_name(name) {
                return Err(TemplateError::NotAName(name.to_owned()));
            }
            parts.push(Part::Reference(Reference(name.to_owned())));
            rest = &inner[end + 1..];
        }
        if !rest.is_empty() {
            parts.push(Part::Literal(rest.to_owned()));
        }
        Ok(Self { parts })
    }

    /// Every reference in it, in order.
    pub fn references(&self) -> impl Iterator<Item = &Reference> {
        self.parts.iter().filter_map(|part| match part {
            Part::Reference(reference) => Some(reference),
            Part::Literal(_) => None,
        })
    }

    /// The text with every reference replaced by its value as text.
    pub fn fill(&self, lookup: &dyn Lookup) -> Result<String, Unbound> {
        self.fill_with(lookup, str::to_owned, str::to_owned)
    }

    /// The same, where literals and values are encoded differently (a URL: what the author wrote keeps its
    /// structure, a value cannot add to it).
    pub fn fill_with(
        &self,
        lookup: &dyn Lookup,
        literal: impl Fn(&str) -> String,
        value: impl Fn(&str) -> String,
    ) -> Result<String, Unbound> {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Literal(l) => text.push_str(&literal(l)),
                Part::Reference(r) => {
                    // Nothing is a value in JSON; as part of a path or a name it would only mislead.
                    let found = lookup.value(r).filter(|v| !v.is_null()).ok_or_else(|| Unbound(r.clone()))?;
                    text.push_str(&value(&as_text(&found)));
                }
            }
        }
        Ok(text)
    }

    /// The text with something else in the place of every reference.
    fn literals_with(&self, instead: &str) -> String {
        let texts = self.parts.iter().map(|part| match part {
            Part::Literal(literal) => literal.as_str(),
            Part::Reference(_) => instead,
        });
        texts.collect()
    }

    fn fill_json(&self, lookup: &dyn Lookup) -> Result<Value, Unbound> {
        if let [Part::Reference(reference)] = self.parts.as_slice() {
            return lookup.value(reference).ok_or_else(|| Unbound(reference.clone()));
        }
        self.fill(lookup).map(Value::String)
    }
}

impl Reference {
    /// Whether it begins with that name.
    pub fn is_of(&self, owner: &str) -> bool {
        self.0.split('.').next() == Some(owner)
    }
}

impl Template {
    /// Takes parsed JSON and checks the references in its strings.
    pub fn new(value: Value) -> Result<Self, TemplateError> {
        check(&value)?;
        Ok(Self { value })
    }

    /// The JSON as written, references unfilled.
    pub fn as_written(&self) -> &Value {
        &self.value
    }

    /// Every reference in it.
    pub fn references(&self) -> Vec<Reference> {
        let mut found = Vec::new();
        collect(&self.value, &mut found);
        found
    }

    /// The JSON with every reference replaced by its value.
    pub fn fill(&self, lookup: &dyn Lookup) -> Result<Value, Unbound> {
        fill(&self.value, lookup, Use::Data)
    }

    /// The same of a pattern: a value inside a `$matches` stands for itself and not for a regular expression.
    pub fn fill_pattern(&self, lookup: &dyn Lookup) -> Result<Value, Unbound> {
        fill(&self.value, lookup, Use::Pattern)
    }

    /// A pattern as it is once its names are filled in, but for their values: so that its mistakes are seen before there
    /// are any.
    pub fn pattern_shape(&self) -> Value {
        shape(&self.value)
    }
}

impl Lookup for With<'_> {
    fn value(&self, reference: &Reference) -> Option<Value> {
        let (owner, rest) = reference.0.split_once('.').unwrap_or((&reference.0, ""));
        if owner == self.name { Some(part(self.value, rest)) } else { self.others.value(reference) }
    }
}

/// What a dotted path leads to, a number being a place in a list; null where there is nothing.
pub fn part(value: &Value, path: &str) -> Value {
    let mut names = path.split('.').filter(|name| !name.is_empty());
    let found = names.try_fold(value, |value, name| match value {
        Value::Array(items) => items.get(name.parse::<usize>().ok()?),
        other => other.get(name),
    });
    found.cloned().unwrap_or_default()
}

/// A value as text: a string without its quotes, anything else as JSON.
pub fn as_text(value: &Value) -> String {
    match value {
        Value::String(s) => s.clone(),
        other => other.to_string(),
    }
}

fn is_dotted_name(name: &str) -> bool {
    !name.is_empty()
        && name.split('.').all(|segment| {
            !segment.is_empty()
                && segment.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '$'))
        })
}

fn parsed(text: &str) -> Result<Text, TemplateError> {
    Text::parse(text)
}

/// What a template is filled for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    Data,
    Pattern,
}

/// `{"$for": "${ids}", "give": ...}`: the list and what each of its items gives.
fn repetition(members: &Map<String, Value>) -> Option<Result<(Reference, &Value), TemplateError>> {
    let list = members.get("$for")?;
    let lone = list.as_str().and_then(|text| match Text::parse(text).ok()?.parts.as_slice() {
        [Part::Reference(reference)] => Some(reference.clone()),
        _ => None,
    });
    Some(match (lone, members.get("give"), members.len()) {
        (Some(reference), Some(give), 2) => Ok((reference, give)),
        _ => Err(TemplateError::NotAFor),
    })
}

fn check(value: &Value) -> Result<(), TemplateError> {
    match value {
        Value::String(s) => parsed(s).map(drop),
        Value::Array(items) => items.iter().try_for_each(check),
        Value::Object(members) => match repetition(members) {
            Some(repetition) => repetition.and_then(|(_, give)| check(give)),
            None => members.iter().try_for_each(|(k, v)| parsed(k).map(drop).and_then(|()| check(v))),
        },
        _ => Ok(()),
    }
}

fn collect(value: &Value, found: &mut Vec<Reference>) {
    let mut in_text = |s: &str| {
        if let Ok(text) = Text::parse(s) {
            found.extend(text.references().cloned());
        }
    };
    match value {
        Value::String(s) => in_text(s),
        Value::Array(items) => items.iter().for_each(|v| collect(v, found)),
        Value::Object(members) => {
            if let Some(Ok((list, give))) = repetition(members) {
                let mut given = Vec::new();
                collect(give, &mut given);
                found.push(list);
                found.extend(given.into_iter().filter(|reference| !reference.is_of("each")));
                return;
            }
            members.keys().for_each(|k| in_text(k));
            members.values().for_each(|v| collect(v, found));
        }
        _ => {}
    }
}

fn fill(value: &Value, lookup: &dyn Lookup, r#use: Use) -> Result<Value, Unbound> {
    Ok(match value {
        Value::String(s) => match Text::parse(s) {
            Ok(text) => text.fill_json(lookup)?,
            Err(_) => value.clone(),
        },
        Value::Array(items) => {
            Value::Array(items.iter().map(|v| fill(v, lookup, r#use)).collect::<Result<_, _>>()?)
        }
        Value::Object(members) => {
            if let Some(Ok((list, give))) = repetition(members) {
                return each(&list, give, lookup, r#use);
            }
            let mut filled = Map::new();
            for (key, member) in members {
                let value = match (key.as_str(), member) {
                    ("$matches", Value::String(expression)) if r#use == Use::Pattern => {
                        match Text::parse(expression) {
                            Ok(text) => text.fill_with(lookup, str::to_owned, regex::escape)?.into(),
                            Err(_) => member.clone(),
                        }
                    }
                    _ => fill(member, lookup, r#use)?,
                };
                let key = match Text::parse(key) {
                    Ok(text) => text.fill(lookup)?,
                    Err(_) => key.clone(),
                };
                filled.insert(key, value);
            }
            Value::Object(filled)
        }
        other => other.clone(),
    })
}

fn each(list: &Reference, give: &Value, lookup: &dyn Lookup, r#use: Use) -> Result<Value, Unbound> {
    let found = lookup.value(list).ok_or_else(|| Unbound(list.clone()))?;
    let items = match &found {
        Value::Array(items) => items.as_slice(),
        one => std::slice::from_ref(one),
    };
    let given = items.iter().map(|value| fill(give, &With { others: lookup, name: "each", value }, r#use));
    given.collect::<Result<_, _>>().map(Value::Array)
}

fn shape(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(shape).collect(),
        Value::Object(members) => match repetition(members) {
            Some(Ok((_, give))) => Value::Array(vec![shape(give)]),
            _ => members.iter().map(|(key, member)| (key.clone(), shape_of_member(key, member))).collect(),
        },
        other => other.clone(),
    }
}

fn shape_of_member(key: &str, member: &Value) -> Value {
    match (key, member) {
        ("$matches", Value::String(expression)) => match Text::parse(expression) {
            Ok(text) => text.literals_with("x").into(),
            Err(_) => member.clone(),
        },
        _ => shape(member),
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.parts {
            match part {
                Part::Literal(l) => f.write_str(l)?,
                Part::Reference(r) => write!(f, "${{{}}}", r.0)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    struct Table(Value);
    impl Lookup for Table {
        fn value(&self, reference: &Reference) -> Option<Value> {
            self.0.get(&reference.0).cloned()
        }
    }

    #[test]
    fn alone_in_a_string_a_reference_takes_its_json_type() {
        let template = Template::new(json!({"a": "${n}", "b": ["${s}"], "c": "${o}"})).unwrap();
        let table = Table(json!({"n": 7, "s": "x", "o": {"k": null}}));
        assert_eq!(template.fill(&table).unwrap(), json!({"a": 7, "b": ["x"], "c": {"k": null}}));
    }

    #[test]
    fn inside_a_string_it_is_text_and_cannot_become_syntax() {
        let template = Template::new(json!({"a": "<${s}${n}>", "${s}": 1})).unwrap();
        let table = Table(json!({"n": 7, "s": "\",\"x\":\""}));
        assert_eq!(template.fill(&table).unwrap(), json!({"a": "<\",\"x\":\"7>", "\",\"x\":\"": 1}));
    }

    #[test]
    fn mistakes_are_told_apart() {
        assert_eq!(Text::parse("a ${b"), Err(TemplateError::Unclosed));
        assert_eq!(Text::parse("${a b}"), Err(TemplateError::NotAName("a b".into())));
        assert_eq!(Text::parse("${}"), Err(TemplateError::NotAName(String::new())));
        let unbound = Text::parse("${x.y}").unwrap().fill(&Table(json!({}))).unwrap_err();
        assert_eq!(unbound.to_string(), "${x.y} has no value yet");
    }

    #[test]
    fn a_list_gives_an_item_for_each() {
        let template =
            Template::new(json!({"members": {"$for": "${ids}", "give": {"value": "${each}", "by": "${s}"}}}));
        let template = template.unwrap();
        let filled = template.fill(&Table(json!({"ids": ["a", "b"], "s": "x"}))).unwrap();
        assert_eq!(filled, json!({"members": [{"value": "a", "by": "x"}, {"value": "b", "by": "x"}]}));
        let names: Vec<_> = template.references().into_iter().map(|reference| reference.0).collect();
        assert_eq!(names, ["ids", "s"], "`each` is nobody else's name");
        assert_eq!(Template::new(json!({"$for": "ids", "give": 1})), Err(TemplateError::NotAFor));
    }

    #[test]
    fn a_value_in_an_expression_stands_for_itself() {
        let template = Template::new(json!({"$matches": "^${s}$"})).unwrap();
        let filled = template.fill_pattern(&Table(json!({"s": "a.b"}))).unwrap();
        assert_eq!(filled, json!({"$matches": r"^a\.b$"}));
        assert_eq!(template.pattern_shape(), json!({"$matches": "^x$"}));
    }

    #[test]
    fn a_path_leads_into_lists_too() {
        assert_eq!(part(&json!({"a": [{"b": 1}, {"b": 2}]}), "a.1.b"), json!(2));
        assert_eq!(part(&json!({"a": 1}), "b.c"), Value::Null);
    }

    #[test]
    fn literals_and_values_are_encoded_differently() {
        let text = Text::parse("/Users?filter=userName eq \"${u}\"").unwrap();
        let filled = text
            .fill_with(&Table(json!({"u": "a&b"})), |l| l.replace(' ', "%20"), |v| v.replace('&', "%26"))
            .unwrap();
        assert_eq!(filled, "/Users?filter=userName%20eq%20\"a%26b\"");
    }
}
