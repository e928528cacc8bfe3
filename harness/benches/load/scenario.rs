//! What is asked for while it is measured.

use std::fmt;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::Trouble;
use crate::client::{Connection, Request};
use crate::people;
use crate::stock::{PAGE, Stock};
use crate::target::{Kind, Target};

/// The most additions to groups in one measurement: small groups are to stay small, and joiners to last.
const ADDITIONS: u64 = 200;
/// The most creations in one measurement: a small store is to stay small.
const CREATIONS: u64 = 500;

/// One kind of request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scenario {
    ById,
    UserName,
    ExternalId,
    Email,
    FirstPage,
    LastPageByIndex,
    LastPageByCursor,
    Create,
    AddToSmallGroup,
    AddToLargeGroup,
}

impl Scenario {
    /// All of them, in the order in which they are measured: what changes the stock comes last.
    pub(crate) const ALL: [Self; 10] = [
        Self::ById,
        Self::UserName,
        Self::ExternalId,
        Self::Email,
        Self::FirstPage,
        Self::LastPageByIndex,
        Self::LastPageByCursor,
        Self::Create,
        Self::AddToSmallGroup,
        Self::AddToLargeGroup,
    ];

    /// A name of letters and dashes.
    pub(crate) fn slug(self) -> String {
        format!("{self:?}").to_ascii_lowercase()
    }

    /// Whether the bare handler answers it: what is read, and not changed.
    pub(crate) fn is_bare(self) -> bool {
        matches!(self, Self::ById | Self::UserName | Self::ExternalId | Self::Email | Self::FirstPage)
    }

    /// Whether additions to one group follow each other, as an identity provider sends them.
    pub(crate) fn is_sequential(self) -> bool {
        matches!(self, Self::AddToSmallGroup | Self::AddToLargeGroup)
    }

    /// Gets ready what it needs and looks whether the target answers it rightly.
    pub(crate) fn prepare(
        self,
        target: &Target,
        stock: &mut Stock,
        connections: usize,
    ) -> Result<(), Trouble> {
        if target.kind == Kind::Bare {
            return Ok(());
        }
        match self {
            Self::LastPageByCursor => stock.find_last_page(target)?,
            Self::AddToSmallGroup => stock.make_small_groups(target, connections)?,
            Self::AddToLargeGroup => stock.make_large_group(target)?,
            _ => {}
        }
        let expected = match self {
            Self::UserName | Self::ExternalId | Self::Email => 1,
            Self::FirstPage | Self::LastPageByIndex => PAGE,
            _ => return Ok(()),
        };
        let Some(request) = self.request(target, stock) else { return Ok(()) };
        let answer = Connection::new(target.address).send(&request)?.expect(&request, &[200])?;
        let found = answer.json()?["Resources"].as_array().map_or(0, Vec::len);
        if found == expected {
            return Ok(());
        }
        let body = format!("with {found} resources instead of {expected}");
        Err(Trouble::Answer { request: request.line(), status: 200, body })
    }

    /// Whether there is anything to measure.
    pub(crate) fn is_fit_for(self, target: &Target, stock: &Stock) -> bool {
        match self {
            _ if target.kind == Kind::Bare => self.is_bare(),
            _ if stock.lacks.contains(&self) => false,
            Self::LastPageByCursor => stock.last_page.is_some(),
            Self::AddToLargeGroup => stock.large_group.is_some(),
            _ => true,
        }
    }

    /// How a right answer begins.
    pub(crate) fn statuses(self) -> &'static [u16] {
        match self {
            Self::Create => &[201],
            Self::AddToSmallGroup | Self::AddToLargeGroup => &[200, 204],
            _ => &[200],
        }
    }

    /// How many requests one measurement may send.
    pub(crate) fn at_most(self) -> u64 {
        match self {
            Self::Create => CREATIONS,
            Self::AddToSmallGroup | Self::AddToLargeGroup => ADDITIONS,
            _ => u64::MAX,
        }
    }

    /// The next request; none: there is nothing left to ask.
    pub(crate) fn request(self, target: &Target, stock: &Stock) -> Option<Request> {
        let Target { base, token, .. } = target;
        if target.kind == Kind::Bare {
            return Some(Request::new("GET", &format!("{base}/{}", self.slug()), token, None));
        }
        let get = |path: String| Some(Request::new("GET", &path, token, None));
        let find = |filter: String| {
            get(format!("{base}/Users?filter={}", utf8_percent_encode(&filter, NON_ALPHANUMERIC)))
        };
        let add = |group: &str, joiner: &String| {
            let body = people::addition(std::slice::from_ref(joiner));
            Some(Request::new("PATCH", &format!("{base}/Groups/{group}"), token, Some(&body)))
        };
        match self {
            Self::ById => get(format!("{base}/Users/{}", stock.users.get(stock.any())?)),
            Self::UserName => find(format!("userName eq \"{}\"", people::user_name(stock.any()))),
            Self::ExternalId => find(format!("externalId eq \"{}\"", people::external_id(stock.any()))),
            Self::Email => find(format!("emails.value eq \"{}\"", people::email(stock.any()))),
            Self::FirstPage => get(format!("{base}/Users?startIndex=1&count={PAGE}")),
            Self::LastPageByIndex => get(format!(
                "{base}/Users?startIndex={}&count={PAGE}",
                stock.users.len().saturating_sub(PAGE) + 1
            )),
            Self::LastPageByCursor => {
                get(format!("{base}/Users?count={PAGE}&cursor={}", stock.last_page.as_ref()?))
            }
            Self::Create => Some(Request::new(
                "POST",
                &format!("{base}/Users"),
                token,
                Some(&people::user(stock.new_user())),
            )),
            Self::AddToSmallGroup => stock.small_addition().and_then(|(group, joiner)| add(group, joiner)),
            Self::AddToLargeGroup => stock.large_addition().and_then(|(group, joiner)| add(group, joiner)),
        }
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::ById => "read by id",
            Self::UserName => "`userName eq`",
            Self::ExternalId => "`externalId eq`",
            Self::Email => "`emails.value eq`",
            Self::FirstPage => "first page of 100",
            Self::LastPageByIndex => "last page, by `startIndex`",
            Self::LastPageByCursor => "last page, by cursor",
            Self::Create => "create",
            Self::AddToSmallGroup => "add a member to a group of 100",
            Self::AddToLargeGroup => "add a member to a group of 100,000",
        })
    }
}
