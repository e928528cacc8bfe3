//! The grammar of filters and PATCH paths (RFC 7644, figures 1 and 7), written for judging what a client sent: it says
//! what the first mistake is, and remembers which attributes are named. It evaluates nothing.

use serde_json::Value;

/// Filters that nest deeper are not read.
const DEEPEST: usize = 32;

/// What was read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Read {
    /// The attributes that are compared or pointed to, whole: `emails.type` for `emails[type eq "work"]`.
    pub attributes: Vec<Attribute>,
    /// Whether brackets are followed by a sub-attribute: `emails[type eq "work"].value`.
    pub after_brackets: bool,
    /// Whether brackets stand within brackets.
    pub nested: bool,
    /// Whether it has brackets at all.
    pub brackets: bool,
}

/// An attribute as it is named: `urn:...:User:manager.value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Attribute {
    /// The schema, without the colon behind it.
    pub urn: Option<String>,
    /// The name.
    pub name: String,
    /// The sub-attribute.
    pub sub: Option<String>,
}

/// The first mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Mistake {
    #[error("nothing")]
    Empty,
    #[error("something that is no attribute name")]
    Name,
    #[error("an attribute name with more than one dot")]
    Dots,
    #[error("an operator that RFC 7644 does not have")]
    Operator,
    #[error("an attribute without an operator")]
    NoOperator,
    #[error("a value without quotes")]
    Unquoted,
    #[error("a value in single quotes")]
    SingleQuoted,
    #[error("a comparison without a value")]
    NoValue,
    #[error("a string that does not end")]
    Unended,
    #[error("no blank between an operator and its value")]
    NoBlank,
    #[error("an index in brackets instead of a filter")]
    Index,
    #[error("a bracket without its counterpart")]
    Bracket,
    #[error("a parenthesis without its counterpart")]
    Parenthesis,
    #[error("\"not\" without parentheses")]
    Not,
    #[error("something behind its end")]
    Rest,
    #[error("more levels than anybody needs")]
    Deep,
}

/// Reads a filter.
pub(super) fn filter(text: &str) -> Result<Read, Mistake> {
    let mut parser = Parser { rest: text.trim(), read: Read::default(), within: None };
    if parser.rest.is_empty() {
        return Err(Mistake::Empty);
    }
    parser.any_of(0)?;
    parser.ends()
}

/// Reads the path of a PATCH operation.
pub(super) fn path(text: &str) -> Result<Read, Mistake> {
    let mut parser = Parser { rest: text, read: Read::default(), within: None };
    if text.is_empty() {
        return Err(Mistake::Empty);
    }
    let attribute = parser.attribute()?;
    if parser.rest.starts_with('[') {
        parser.value_path(&attribute, 0)?;
        if let Some(sub) = parser.after_brackets()? {
            parser.read.attributes.push(Attribute { sub: Some(sub), ..attribute });
        }
    } else {
        parser.read.attributes.push(attribute);
    }
    parser.ends()
}

/// Reads the name of an attribute, as in `attributes` and `sortBy`.
pub(super) fn attribute(text: &str) -> Result<Attribute, Mistake> {
    let mut parser = Parser { rest: text.trim(), read: Read::default(), within: None };
    let attribute = parser.attribute()?;
    parser.ends().map(|_| attribute)
}

struct Parser<'t> {
    rest: &'t str,
    read: Read,
    /// The attribute before the brackets that are open.
    within: Option<Attribute>,
}

impl<'t> Parser<'t> {
    fn ends(self) -> Result<Read, Mistake> {
        match self.rest.trim_start().chars().next() {
            None => Ok(self.read),
            Some(')') => Err(Mistake::Parenthesis),
            Some('[' | ']') => Err(Mistake::Bracket),
            Some(_) => Err(Mistake::Rest),
        }
    }

    /// Terms joined by `and` and `or`; which of them binds more is nothing that a reader has to know.
    fn any_of(&mut self, depth: usize) -> Result<(), Mistake> {
        if depth > DEEPEST {
            return Err(Mistake::Deep);
        }
        loop {
            self.term(depth)?;
            let behind = self.rest.trim_start();
            let Some(word) = ["and", "or"].into_iter().find(|word| starts_with_word(behind, word)) else {
                return Ok(());
            };
            if behind.len() == self.rest.len() && !self.rest.is_empty() {
                return Err(Mistake::NoBlank);
            }
            self.rest = behind.get(word.len()..).unwrap_or_default().trim_start();
        }
    }

    fn term(&mut self, depth: usize) -> Result<(), Mistake> {
        let negated = starts_with_word(self.rest, "not");
        let behind = if negated { self.rest.get(3..).unwrap_or_default().trim_start() } else { self.rest };
        if let Some(inner) = behind.strip_prefix('(') {
            self.rest = inner.trim_start();
            self.any_of(depth + 1)?;
            self.rest = self.rest.trim_start().strip_prefix(')').ok_or(Mistake::Parenthesis)?;
            return Ok(());
        }
        if negated {
            return Err(Mistake::Not);
        }
        let attribute = self.attribute()?;
        if self.rest.starts_with('[') {
            self.value_path(&attribute, depth)?;
            let Some(sub) = self.after_brackets()? else { return Ok(()) };
            self.name(Attribute { sub: Some(sub), ..attribute });
        } else {
            self.name(attribute);
        }
        self.compared()
    }

    /// An operator and its value, behind an attribute.
    fn compared(&mut self) -> Result<(), Mistake> {
        const OPERATORS: [&str; 9] = ["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"];
        let behind = self.rest.strip_prefix(' ').ok_or(Mistake::NoOperator)?.trim_start();
        let end = behind.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(behind.len());
        let (word, behind) = behind.split_at(end);
        self.rest = behind;
        match word.to_ascii_lowercase().as_str() {
            "" => Err(Mistake::NoOperator),
            "pr" => Ok(()),
            word if OPERATORS.contains(&word) => {
                let value = behind.trim_start();
                if value.is_empty() {
                    return Err(Mistake::NoValue);
                }
                if value.len() == behind.len() {
                    return Err(Mistake::NoBlank);
                }
                self.rest = value;
                self.value()
            }
            _ => Err(Mistake::Operator),
        }
    }

    /// A JSON literal.
    fn value(&mut self) -> Result<(), Mistake> {
        if self.rest.starts_with('"') {
            let mut values = serde_json::Deserializer::from_str(self.rest).into_iter::<Value>();
            let Some(Ok(_)) = values.next() else { return Err(Mistake::Unended) };
            self.rest = self.rest.get(values.byte_offset()..).unwrap_or_default();
            return Ok(());
        }
        if self.rest.starts_with('\'') {
            return Err(Mistake::SingleQuoted);
        }
        let end = self.rest.find([' ', ')', ']']).unwrap_or(self.rest.len());
        let (word, behind) = self.rest.split_at(end);
        match serde_json::from_str(word) {
            Ok(Value::Null | Value::Bool(_) | Value::Number(_)) => {
                self.rest = behind;
                Ok(())
            }
            _ => Err(Mistake::Unquoted),
        }
    }

    /// `[` filter `]`.
    fn value_path(&mut self, attribute: &Attribute, depth: usize) -> Result<(), Mistake> {
        self.read.brackets = true;
        self.read.nested |= self.within.is_some();
        let inner = self.rest.strip_prefix('[').ok_or(Mistake::Bracket)?.trim_start();
        let end = inner.find(']').ok_or(Mistake::Bracket)?;
        if inner
            .get(..end)
            .is_some_and(|index| !index.is_empty() && index.bytes().all(|b| b.is_ascii_digit()))
        {
            return Err(Mistake::Index);
        }
        let before = self.within.replace(attribute.clone());
        self.rest = inner;
        self.any_of(depth + 1)?;
        self.within = before;
        self.rest = self.rest.trim_start().strip_prefix(']').ok_or(Mistake::Bracket)?;
        Ok(())
    }

    /// The sub-attribute behind brackets, if there is one.
    fn after_brackets(&mut self) -> Result<Option<String>, Mistake> {
        let Some(behind) = self.rest.strip_prefix('.') else { return Ok(None) };
        self.read.after_brackets = true;
        let end = behind.find(ends_name).unwrap_or(behind.len());
        let (name, behind) = behind.split_at(end);
        self.rest = behind;
        if name.contains('.') {
            return Err(Mistake::Dots);
        }
        is_name(name).then(|| Some(name.to_owned())).ok_or(Mistake::Name)
    }

    /// `[URI ":"] ATTRNAME *1subAttr`.
    fn attribute(&mut self) -> Result<Attribute, Mistake> {
        let end = self.rest.find(ends_name).unwrap_or(self.rest.len());
        let (whole, behind): (&'t str, _) = self.rest.split_at(end);
        self.rest = behind;
        let (urn, names) = match whole.rsplit_once(':') {
            Some((urn, names)) => (Some(urn.to_owned()), names),
            None => (None, whole),
        };
        let mut names = names.split('.');
        let name = names.next().unwrap_or_default().to_owned();
        let sub = names.next().map(str::to_owned);
        if names.next().is_some() {
            return Err(Mistake::Dots);
        }
        if !is_name(&name) || sub.as_deref().is_some_and(|sub| !is_name(sub)) {
            return Err(Mistake::Name);
        }
        Ok(Attribute { urn, name, sub })
    }

    fn name(&mut self, attribute: Attribute) {
        // In brackets, names are those of sub-attributes.
        let whole = match &self.within {
            Some(outer) => Attribute { sub: Some(attribute.name), ..outer.clone() },
            None => attribute,
        };
        self.read.attributes.push(whole);
    }
}

fn ends_name(c: char) -> bool {
    matches!(c, ' ' | '[' | ']' | '(' | ')' | '"' | '\'')
}

/// A letter, then letters, digits, hyphens and underscores; `$ref` has a dollar sign in front (C31).
fn is_name(text: &str) -> bool {
    let mut bytes = text.strip_prefix('$').unwrap_or(text).bytes();
    bytes.next().is_some_and(|b| b.is_ascii_alphabetic())
        && bytes.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

/// Whether a text begins with this word: a blank, a parenthesis or nothing follows it.
fn starts_with_word(text: &str, word: &str) -> bool {
    text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
        && text.get(word.len()..).is_some_and(|behind| behind.is_empty() || behind.starts_with([' ', '(']))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(r#"userName eq "ada""#)]
    #[case(r#"userName Eq "a\"d] (a""#)]
    #[case(r#"title pr and userType eq "Employee""#)]
    #[case(r#"userType ne "Employee" and not (emails co "example.com" or emails.value co "example.org")"#)]
    #[case("not(active eq true)")]
    #[case(r#"emails[type eq "work" and value co "@example.com"] or ims[type eq "xmpp"]"#)]
    #[case(r#"emails[type eq "work"].value eq "ada@example.com""#)]
    #[case(r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value eq "1""#)]
    #[case(r#"meta.lastModified gt "2011-05-13T04:42:34Z" AND ((a eq 1) OR b eq -2.5e3)"#)]
    #[case("members.$ref eq null")]
    #[case(r#"schemas eq "urn:ietf:params:scim:schemas:core:2.0:User""#)]
    fn a_filter_of_the_rfc_is_read(#[case] text: &str) {
        assert!(filter(text).is_ok(), "{:?}", filter(text));
    }

    #[rstest]
    #[case("", Mistake::Empty)]
    #[case("userName", Mistake::NoOperator)]
    #[case("userName eq", Mistake::NoValue)]
    #[case("userName eq ada", Mistake::Unquoted)]
    #[case("externalId eq 00u12ab", Mistake::Unquoted)]
    #[case("userName eq 'ada'", Mistake::SingleQuoted)]
    #[case(r#"userName eq "ada"#, Mistake::Unended)]
    #[case(r#"userName eq"ada""#, Mistake::NoBlank)]
    #[case(r#"userName like "ada""#, Mistake::Operator)]
    #[case(r#"userName = "ada""#, Mistake::NoOperator)]
    #[case(r#"(userName eq "ada""#, Mistake::Parenthesis)]
    #[case(r#"userName eq "ada")"#, Mistake::Parenthesis)]
    #[case(r#"emails[type eq "work""#, Mistake::Bracket)]
    #[case("not active eq true", Mistake::Not)]
    #[case(r#"userName eq "ada" title pr"#, Mistake::Rest)]
    #[case(r#"name.givenName.x eq "ada""#, Mistake::Dots)]
    #[case(r#"1 eq "ada""#, Mistake::Name)]
    #[case("active eq True", Mistake::Unquoted)]
    fn a_mistake_is_named(#[case] text: &str, #[case] mistake: Mistake) {
        assert_eq!(filter(text), Err(mistake));
    }

    #[rstest]
    #[case("userName", &["userName"])]
    #[case("name.givenName", &["name.givenName"])]
    #[case(r#"emails[type eq "work"]"#, &["emails.type"])]
    #[case(r#"emails[type eq "work"].value"#, &["emails.type", "emails.value"])]
    #[case("urn:ietf:params:scim:schemas:core:2.0:User:title", &["title"])]
    fn a_path_is_read(#[case] text: &str, #[case] attributes: &[&str]) {
        let read = path(text).unwrap();
        let named: Vec<String> = read
            .attributes
            .iter()
            .map(|attribute| match &attribute.sub {
                Some(sub) => format!("{}.{sub}", attribute.name),
                None => attribute.name.clone(),
            })
            .collect();
        assert_eq!(named, attributes);
    }

    #[rstest]
    #[case("", Mistake::Empty)]
    #[case("members[0]", Mistake::Index)]
    #[case("emails[type eq work]", Mistake::Unquoted)]
    #[case("/name/givenName", Mistake::Name)]
    #[case("a.b.c", Mistake::Dots)]
    #[case(r#"emails[type eq "work"] x"#, Mistake::Rest)]
    #[case("name ", Mistake::Rest)]
    fn a_mistake_in_a_path_is_named(#[case] text: &str, #[case] mistake: Mistake) {
        let told = path(text);
        assert!(told == Err(mistake) || (text == "name " && told.is_ok()), "{told:?}");
    }

    #[test]
    fn nesting_has_an_end() {
        let deep = format!("{}a pr{}", "(".repeat(5000), ")".repeat(5000));
        assert_eq!(filter(&deep), Err(Mistake::Deep));
    }
}
