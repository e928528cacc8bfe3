//! Attribute paths (RFC 7644 section 3.10) and PATCH paths (section 3.5.2): their grammar, letter for letter
//! as the client wrote them. What a path names is decided by the resource type (`ResourceType::locate`).

use std::fmt;

use super::{
    error::{Error, excerpt, quoted},
    filter::Filter,
    token::{Fault, Kind, Span, Token, Tokens},
};

/// `[urn:]attribute[.subAttribute]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttrPath {
    /// The schema's URN, where the path is fully qualified.
    pub urn: Option<String>,
    /// The attribute's name.
    pub name: String,
    /// The sub-attribute's name.
    pub sub: Option<String>,
    /// Where the path stands in the text that it was read from.
    pub span: Span,
}

/// The path of a PATCH operation (RFC 7644 section 3.5.2, Figure 7).
#[derive(Clone, Debug, PartialEq)]
pub enum PatchPath {
    /// An attribute or sub-attribute.
    Attribute(AttrPath),
    /// Those values of an attribute that a filter selects, or a sub-attribute of each.
    Values {
        /// The attribute; without a sub-attribute.
        attribute: AttrPath,
        /// Which values.
        filter: Box<Filter>,
        /// The sub-attribute behind the brackets.
        sub: Option<String>,
    },
}

impl AttrPath {
    /// Reads a path that stands alone, as in the `attributes` parameter. Fails with `invalidPath`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        match PatchPath::parse(text)? {
            PatchPath::Attribute(path) => Ok(path),
            PatchPath::Values { .. } => {
                Err(Error::invalid_path(format!("{} has a filter, which cannot stand here", quoted(text))))
            }
        }
    }

    /// Reads the path that a token holds.
    pub(crate) fn from_token(token: &Token<'_>) -> Result<Self, Fault> {
        let start = token.span.start;
        let Kind::Word(word) = token.kind else {
            return Err(Fault::new(start, "an attribute name has to stand here"));
        };
        let (urn, rest) = match word.rsplit_once(':') {
            None => (None, word),
            Some(("", _)) => return Err(Fault::new(start, "a path cannot start with ':'")),
            Some((urn, rest)) => (Some(urn.to_owned()), rest),
        };
        let (name, sub) = match rest.split_once('.') {
            None => (rest, None),
            Some((name, sub)) => (name, Some(sub)),
        };
        // The URN of a schema alone reads as a path, too, and its last part can have dots and start with a digit.
        let fits = |part: &str| if urn.is_some() { is_part(part) } else { is_name(part) };
        let subs: Vec<&str> = match (&urn, sub) {
            (Some(_), Some(sub)) => sub.split('.').collect(),
            (_, sub) => sub.into_iter().collect(),
        };
        for part in std::iter::once(name).chain(subs) {
            if !fits(part) {
                let what = format!(
                    "{} is no attribute name; a name is a letter, then letters, digits, '-', '_' or '$', and \
                     a path is at most [urn:]attribute.subAttribute",
                    quoted(part)
                );
                return Err(Fault::new(start, what));
            }
        }
        Ok(Self { urn, name: name.to_owned(), sub: sub.map(str::to_owned), span: token.span })
    }
}

impl PatchPath {
    /// Reads a path. Fails with `invalidPath`, or `invalidFilter` where the filter in it is wrong (RFC 7644
    /// Table 9).
    pub fn parse(text: &str) -> Result<Self, Error> {
        Self::read(text).map_err(|fault| {
            let detail = format!("The path cannot be read {}: {}", excerpt(text, fault.offset), fault.what);
            if fault.in_filter { Error::invalid_filter(detail) } else { Error::invalid_path(detail) }
        })
    }

    fn read(text: &str) -> Result<Self, Fault> {
        let mut tokens = Tokens::read(text)?;
        let Some(first) = tokens.next() else {
            return Err(Fault::new(0, "it is empty; name an attribute, or leave the path out"));
        };
        let attribute = AttrPath::from_token(&first)?;
        if tokens.take(&Kind::OpenBracket).is_none() {
            return match tokens.peek() {
                None => Ok(Self::Attribute(attribute)),
                Some(_) => Err(tokens.fault("a path is one attribute; nothing can follow it")),
            };
        }
        if attribute.sub.is_some() {
            return Err(Fault::new(first.span.end, "a filter belongs to an attribute, not a sub-attribute"));
        }
        if matches!(tokens.peek(), Some(Token { kind: Kind::Number(_), .. })) {
            // RFC 7644 section 3.5.2: values have no index, unlike in JSON Patch.
            return Err(tokens.fault("values are selected by a filter, not by an index"));
        }
        let filter = Filter::read_values(&mut tokens).map_err(|fault| Fault { in_filter: true, ..fault })?;
        let sub = sub_attribute(&mut tokens)?;
        match tokens.peek() {
            None => Ok(Self::Values { attribute, filter: Box::new(filter), sub }),
            Some(_) => Err(tokens.fault("only .subAttribute can follow the brackets")),
        }
    }

    /// The attribute at the path's start.
    pub fn attribute(&self) -> &AttrPath {
        match self {
            Self::Attribute(attribute) | Self::Values { attribute, .. } => attribute,
        }
    }
}

impl fmt::Display for AttrPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(urn) = &self.urn {
            write!(f, "{urn}:")?;
        }
        f.write_str(&self.name)?;
        match &self.sub {
            Some(sub) => write!(f, ".{sub}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for PatchPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attribute(attribute) => attribute.fmt(f),
            Self::Values { attribute, filter, sub } => {
                write!(f, "{attribute}[{filter}]")?;
                match sub {
                    Some(sub) => write!(f, ".{sub}"),
                    None => Ok(()),
                }
            }
        }
    }
}

/// The `.subAttribute` right behind a closing bracket, if there is one.
pub(crate) fn sub_attribute(tokens: &mut Tokens<'_>) -> Result<Option<String>, Fault> {
    let Some(Token { kind: Kind::Word(word), .. }) = tokens.peek_adjacent() else { return Ok(None) };
    let Some(name) = word.strip_prefix('.') else { return Ok(None) };
    if !is_name(name) {
        return Err(tokens.fault("one sub-attribute name has to follow the '.'"));
    }
    let name = name.to_owned();
    tokens.next();
    Ok(Some(name))
}

/// A part of a URN between colons and dots that could also be a name, had it another beginning.
fn is_part(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '$'))
}

/// RFC 7643 section 2.1 (ATTRNAME), and `$ref`, which the RFC uses against its own grammar (C31).
pub(crate) fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '$')
        && chars.all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '$'))
        && text != "$"
}
