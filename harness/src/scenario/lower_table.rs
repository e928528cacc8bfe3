//! Gives the table its meaning, and what may differ by row: the requirements that a check shows, and what a scenario or
//! a step needs. `'${case.COLUMN}'` stands for the cell's words.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::lower::Lowering;
use super::model::{AdministratorAct, ByCase, Case, Check, Need};
use super::raw::{At, RawCase};
use crate::catalogue::{Level, RequirementId};
use crate::json::strict;
use crate::json::template::{Reference, Template, TemplateError};

/// A row of the table with the places of its cells.
#[derive(Debug)]
pub(super) struct Row {
    slug: String,
    cells: BTreeMap<String, At<String>>,
}

impl Row {
    /// The row as the runner needs it; of a scenario with mistakes it never sees it.
    pub(super) fn case(&self) -> Case {
        let cells = self.cells.iter().map(|(name, at)| (name.clone(), cell(&at.value).unwrap_or_default()));
        Case { slug: self.slug.clone(), cells: cells.collect() }
    }
}

impl Lowering<'_> {
    pub(super) fn table(&mut self, rows: Option<Vec<At<RawCase>>>) -> Vec<Row> {
        let mut table: Vec<Row> = Vec::new();
        let mut columns: Option<BTreeSet<String>> = None;
        for row in rows.unwrap_or_default() {
            let Some(slug) = row.value.get("case").and_then(|slug| self.slug(slug, "case")) else {
                if !row.value.contains_key("case") {
                    self.mistake(
                        &row,
                        "a row without `case`",
                        "give each row a `case`: its slug, which becomes part of the check's id",
                    );
                }
                continue;
            };
            if table.iter().any(|known| known.slug == slug) {
                self.mistake(
                    &row,
                    format!("two rows are called `{slug}`"),
                    "give each row a slug of its own",
                );
            }
            let mine: BTreeSet<String> = row.value.keys().cloned().collect();
            match &columns {
                Some(columns) if *columns != mine => {
                    let other: Vec<_> = columns.symmetric_difference(&mine).cloned().collect();
                    self.mistake(
                        &row,
                        format!("this row and the first differ in their columns: {}", other.join(", ")),
                        "every row has the same columns",
                    );
                }
                Some(_) => {}
                None => columns = Some(mine),
            }
            for at in row.value.values() {
                self.cell(at);
            }
            table.push(Row { slug, cells: row.value });
        }
        table
    }

    /// What a cell names must have its value from the start, and the same for the whole story.
    fn cell(&mut self, at: &At<String>) {
        let names = match cell(&at.value) {
            Ok(cell) => cell.references(),
            Err(error) => return self.mistake(at, error.to_string(), error.help()),
        };
        for name in names {
            if !name.is_of("unique") {
                self.mistake(
                    at,
                    format!("`${{{}}}` in a cell", name.0),
                    "a cell names `${unique...}` and nothing else: name it in the step, before or behind `${case.COLUMN}`",
                );
            } else if let Err(unknown) = self.scope.check(&name) {
                self.mistake(at, unknown.what, unknown.help);
            }
        }
    }

    /// A check and what it shows, which may be another thing in each row.
    pub(super) fn check(
        &mut self,
        slug: Option<At<String>>,
        shows: Option<Vec<At<String>>>,
        place: &At<()>,
    ) -> Option<ByCase<Check>> {
        let (slug, shows) = match (slug, shows) {
            (Some(slug), Some(shows)) if !shows.is_empty() => (slug, shows),
            (None, None) => return None,
            (Some(slug), _) => {
                self.mistake(
                    &slug,
                    "a check that shows nothing",
                    "name the requirements that it shows: `shows: [LIFECYCLE-L2]`",
                );
                return None;
            }
            (None, Some(_)) => {
                self.mistake(
                    place,
                    "`shows` without `check`",
                    "give the check its slug: `check: every-way-in-is-shut`",
                );
                return None;
            }
        };
        let name = self.slug(&slug, "check")?;
        if !self.check_slugs.insert(name.clone()) {
            self.mistake(
                &slug,
                format!("two checks are called `{name}`"),
                "give each check of a scenario a slug of its own",
            );
        }
        Some(match self.by_case(&shows) {
            ByCase::Same(words) => {
                let (shows, level) = self.shown(&words)?;
                ByCase::Same(Check { slug: name, case: None, shows, level })
            }
            ByCase::Each(rows) => {
                let mut checks = BTreeMap::new();
                for (case, words) in rows {
                    if let Some((shows, level)) = self.shown(&words) {
                        let check = Check { slug: name.clone(), case: Some(case.clone()), shows, level };
                        checks.insert(case, check);
                    }
                }
                ByCase::Each(checks)
            }
        })
    }

    /// What a target must be able to do.
    pub(super) fn needs(&mut self, needs: Option<Vec<At<String>>>) -> ByCase<Vec<Need>> {
        match self.by_case(&needs.unwrap_or_default()) {
            ByCase::Same(words) => ByCase::Same(self.all_needs(&words)),
            ByCase::Each(rows) => {
                ByCase::Each(rows.into_iter().map(|(case, words)| (case, self.all_needs(&words))).collect())
            }
        }
    }

    /// Requirements of one level.
    fn shown(&mut self, words: &[At<String>]) -> Option<(Vec<RequirementId>, Level)> {
        let mut level = None;
        let mut ids = Vec::new();
        for shown in words {
            if shown.value.is_empty() {
                self.mistake(
                    shown,
                    "a check that shows nothing in this row",
                    "name the requirements that the row shows, separated by blanks",
                );
                continue;
            }
            let id = RequirementId(shown.value.clone());
            let Some(row) = self.world.catalogue.find(&id) else {
                self.mistake(
                    shown,
                    format!("the catalogue has no requirement {id}"),
                    "`scimspec list requirements` shows what there is; a new row goes into scenarios/requirements.csv of the project",
                );
                continue;
            };
            if *level.get_or_insert(row.level) != row.level {
                self.mistake(
                    shown,
                    format!("{id} is a {}, the one before it is not", row.level),
                    "a check shows requirements of one level: make it two checks",
                );
            }
            ids.push(id);
        }
        Some((ids, level?))
    }

    fn all_needs(&mut self, words: &[At<String>]) -> Vec<Need> {
        words.iter().filter(|word| !word.value.is_empty()).filter_map(|word| self.need(word)).collect()
    }

    fn need(&mut self, need: &At<String>) -> Option<Need> {
        const FEATURES: [&str; 6] = ["patch", "filter", "bulk", "sort", "etag", "changePassword"];
        let word = need.value.as_str();
        let named = |kind: &str| word.strip_prefix(kind).filter(|name| !name.is_empty()).map(str::to_owned);
        let feature = |word: &str| FEATURES.contains(&word).then(|| word.to_owned());
        let known = match word {
            "groups" => Some(Need::Groups),
            "enterprise" => Some(Need::Enterprise),
            "cursor" => Some(Need::Cursor),
            "no:cursor" => Some(Need::NoCursor),
            "index-paging" => Some(Need::IndexPaging),
            "no:index-paging" => Some(Need::NoIndexPaging),
            "access" => Some(Need::Access),
            "group-access" => Some(Need::GroupAccess),
            "administrator-access" => Some(Need::AdministratorAccess),
            "told-account" => Some(Need::ToldAccount),
            "own-credential" => Some(Need::OwnCredential),
            "account" => Some(Need::Account),
            "administrator:only" => Some(Need::OnlyAdministrator),
            "token" => Some(Need::Token),
            "other-tenant" => Some(Need::OtherTenant),
            word => feature(word)
                .map(Need::Feature)
                .or_else(|| word.strip_prefix("no:").and_then(feature).map(Need::No))
                .or_else(|| named("attribute:").map(Need::Attribute))
                .or_else(|| AdministratorAct::named(&named("administrator:")?).map(Need::Administrator))
                .or_else(|| named("resource-type:").map(Need::ResourceType)),
        };
        if known.is_none() {
            self.mistake(
                need,
                format!("{word:?} is nothing that a target can be asked for"),
                "there are: patch, filter, bulk, sort, etag, changePassword, cursor, index-paging (each with `no:` in front too), groups, enterprise, access, group-access, administrator-access, told-account, own-credential, account, administrator:block (unblock, promote, demote, only), token, other-tenant, resource-type:NAME and attribute:NAME",
            );
        }
        known
    }

    /// Words as they stand, or, where one is `${case.COLUMN}`, the words of each row's cell at the cell's place. An empty
    /// cell gives one empty word.
    fn by_case(&mut self, words: &[At<String>]) -> ByCase<Vec<At<String>>> {
        let columns: Vec<Option<&str>> = words.iter().map(|word| column(&word.value)).collect();
        for (word, column) in words.iter().zip(&columns) {
            let Some(column) = column else { continue };
            if let Err(unknown) = self.scope.check(&Reference(format!("case.{column}"))) {
                self.mistake(word, format!("`{}`: {}", word.value, unknown.what), unknown.help);
                return ByCase::Each(BTreeMap::new());
            }
        }
        if columns.iter().all(Option::is_none) {
            return ByCase::Same(words.to_vec());
        }
        let of_row = |row: &Row| {
            let each = words.iter().zip(&columns).flat_map(|(word, column)| match column {
                Some(column) => row.cells.get(*column).map_or_else(Vec::new, split),
                None => vec![word.clone()],
            });
            (row.slug.clone(), each.collect())
        };
        ByCase::Each(self.rows.iter().map(of_row).collect())
    }
}

/// A cell that is JSON is that JSON, any other text is a string.
fn cell(text: &str) -> Result<Template, TemplateError> {
    Template::new(strict::parse(text).unwrap_or_else(|_| Value::from(text)))
}

/// The column that a word stands for.
fn column(word: &str) -> Option<&str> {
    word.strip_prefix("${case.")?.strip_suffix('}')
}

fn split(cell: &At<String>) -> Vec<At<String>> {
    let at = |word: &str| At::new(word.to_owned(), cell.referenced, cell.defined);
    if cell.value.trim().is_empty() {
        return vec![at("")];
    }
    cell.value.split_whitespace().map(at).collect()
}
