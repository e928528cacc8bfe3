//! The query parameters of RFC 7644 section 3.4.2 that this server knows; any other is ignored, as the section
//! asks.

use axum::{extract, http::Uri};

use crate::scim::{Error, search::Parameters};

/// Reads a query; a known parameter given twice is refused, because either reading could be the wrong one.
pub(crate) fn parse(uri: &Uri) -> Result<Parameters, Error> {
    let pairs = extract::Query::<Vec<(String, String)>>::try_from_uri(uri)
        .map_err(|_| Error::invalid_syntax("The query of the URL cannot be read."))?;
    let mut query = Parameters::default();
    for (name, value) in pairs.0 {
        let place = match name.as_str() {
            "filter" => &mut query.filter,
            "sortBy" => &mut query.sort_by,
            "sortOrder" => &mut query.sort_order,
            "startIndex" => &mut query.start_index,
            "count" => &mut query.count,
            "cursor" => &mut query.cursor,
            "attributes" => &mut query.attributes,
            "excludedAttributes" => &mut query.excluded_attributes,
            _ => continue,
        };
        if place.replace(value).is_some() {
            return Err(Error::invalid_syntax(format!("The parameter {name} is there twice; send one.")));
        }
    }
    Ok(query)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<Parameters, Error> {
        parse(&format!("/Users?{query}").parse().unwrap())
    }

    #[test]
    fn blanks_come_as_plus_and_as_percent() {
        let filter = Some(r#"userName eq "ada""#.to_owned());
        for query in ["filter=userName+eq+%22ada%22", "filter=userName%20eq%20%22ada%22"] {
            assert_eq!(read(query).unwrap().filter, filter, "{query}");
        }
    }

    #[test]
    fn rfc7644_3_4_2_l7_what_is_not_known_is_ignored() {
        assert_eq!(read("foo=bar&SORTBY=id"), Ok(Parameters::default()));
    }

    #[test]
    fn a_parameter_given_twice_is_refused() {
        assert_eq!(read("count=1&count=2").map_err(|error| error.status), Err(400));
    }
}
