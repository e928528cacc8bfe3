//! What a client searches for: the query parameters of a GET, or the SearchRequest of a POST (RFC 7644 sections
//! 3.4.2 and 3.4.3, RFC 9865). Finding it is no business of the protocol core.

use serde_json::Value;

use super::{
    Map,
    error::{Error, ScimType, quoted},
    filter::Filter,
    json,
    list::{PageSize, Paging, integer},
    projection::Projection,
    resource::strings,
    sort::SortBy,
};

/// The schema URN of a SearchRequest.
pub const URN: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

/// A search that is well formed; whether it fits the resource types is decided when it is made.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchRequest {
    /// What must hold of a resource.
    pub filter: Option<Filter>,
    /// The order of the resources.
    pub sort: Option<SortBy>,
    /// Which of them.
    pub window: Window,
    /// Which attributes of them.
    pub projection: Projection,
    /// The texts of filter and order, as the client wrote them: what makes two searches the same one.
    pub identity: [String; 3],
}

/// Which part of what is found a client wants to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Window {
    /// From a position on (RFC 7644 section 3.4.2.4).
    Index(Paging),
    /// From where a cursor points to; from the start, if there is none yet (RFC 9865 section 2).
    Cursor {
        /// The cursor.
        cursor: Option<String>,
        /// How many resources, if the client says so; never more than the server gives.
        count: Option<usize>,
    },
}

/// The parameters of a search as text, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters {
    /// `filter`
    pub filter: Option<String>,
    /// `sortBy`
    pub sort_by: Option<String>,
    /// `sortOrder`
    pub sort_order: Option<String>,
    /// `startIndex`
    pub start_index: Option<String>,
    /// `count`
    pub count: Option<String>,
    /// `cursor`
    pub cursor: Option<String>,
    /// `attributes`, with commas between the paths.
    pub attributes: Option<String>,
    /// `excludedAttributes`, with commas between the paths.
    pub excluded_attributes: Option<String>,
}

impl SearchRequest {
    /// Reads query parameters. Fails with `invalidFilter`, `invalidValue`, or `invalidCount`.
    pub fn new(parameters: &Parameters, size: PageSize) -> Result<Self, Error> {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let (attributes, excluded) = (&parameters.attributes, &parameters.excluded_attributes);
        Ok(Self {
            filter: parameters.filter.as_deref().map(Filter::parse).transpose()?,
            sort: match &parameters.sort_by {
                // RFC 7644 Table 6: a direction alone orders nothing.
                None => None,
                Some(by) => Some(SortBy::parse(by, parameters.sort_order.as_deref())?),
            },
            window: Window::new(parameters, size)?,
            projection: Projection::from_query(attributes.as_deref(), excluded.as_deref())?,
            identity: [text(&parameters.filter), text(&parameters.sort_by), text(&parameters.sort_order)],
        })
    }

    /// Reads the body of `POST .search`. Fails with `invalidSyntax` if it is no SearchRequest, else as
    /// [`SearchRequest::new`] does. Members that nobody knows are ignored, as unknown parameters are.
    pub fn from_body(body: Map, size: PageSize) -> Result<Self, Error> {
        let mut parameters = Parameters::default();
        let mut message = json::Members(body);
        message.expect_schema(URN)?;
        for (name, place) in [
            ("filter", &mut parameters.filter),
            ("sortBy", &mut parameters.sort_by),
            ("sortOrder", &mut parameters.sort_order),
            ("cursor", &mut parameters.cursor),
        ] {
            *place = match message.take(name)? {
                None | Some(Value::Null) => None,
                Some(Value::String(text)) => Some(text),
                Some(other) => return Err(misfit(name, "a string", &other)),
            };
        }
        for (name, place) in [("startIndex", &mut parameters.start_index), ("count", &mut parameters.count)] {
            *place = match message.take(name)? {
                None | Some(Value::Null) => None,
                Some(Value::Number(number)) => Some(number.to_string()),
                Some(other) => return Err(misfit(name, "an integer", &other)),
            };
        }
        for (name, place) in [
            ("attributes", &mut parameters.attributes),
            ("excludedAttributes", &mut parameters.excluded_attributes),
        ] {
            *place = match message.take(name)? {
                None | Some(Value::Null) => None,
                Some(value) => match strings(&value) {
                    Some(paths) => Some(paths.join(",")),
                    None => return Err(misfit(name, "an array of strings", &value)),
                },
            };
        }
        Self::new(&parameters, size)
    }
}

impl Window {
    fn new(parameters: &Parameters, size: PageSize) -> Result<Self, Error> {
        let (start_index, count) = (parameters.start_index.as_deref(), parameters.count.as_deref());
        let Some(cursor) = &parameters.cursor else {
            return Paging::from_query(start_index, count, size).map(Self::Index);
        };
        if start_index.is_some() {
            return Err(Error::invalid_value(
                "cursor and startIndex are two ways of paging; send one of them",
            ));
        }
        let count = integer("count", count)
            .map_err(|error| Error::new(400, Some(ScimType::InvalidCount), error.detail))?;
        let count = count.map(|count| usize::try_from(count).unwrap_or(usize::MAX).min(size.max));
        Ok(Self::Cursor { cursor: (!cursor.is_empty()).then(|| cursor.clone()), count })
    }
}

fn misfit(name: &str, expected: &str, value: &Value) -> Error {
    Error::invalid_value(format!("{} has to be {expected} and is {}", quoted(name), json::name(value)))
}
