//! Reads filters: the whole grammar of RFC 7644 section 3.4.2.2, with the precedence that its text gives
//! (grouping, `not`, `and`, `or`), within a budget of size and depth.

use super::{CompareOp, Filter, Literal, Test};
use crate::scim::{
    error::{Error, excerpt, quoted},
    path::{AttrPath, sub_attribute},
    token::{Fault, Kind, MAX_DEPTH, Token, Tokens},
};

impl Filter {
    /// Reads a filter. Fails with `invalidFilter` and says at which byte.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let read = || {
            let mut tokens = Tokens::read(text)?;
            let mut parser = Parser { tokens: &mut tokens, depth: 0, in_values: false };
            let filter = parser.or()?;
            match parser.tokens.peek() {
                None => Ok(filter),
                Some(_) => Err(parser.tokens.fault("the filter should end here, or go on with and / or")),
            }
        };
        read().map_err(|fault: Fault| {
            let place = excerpt(text, fault.offset);
            Error::invalid_filter(format!("The filter cannot be read {place}: {}", fault.what))
        })
    }

    /// Reads what stands between the brackets of a value path, and the closing one; the opening one is read.
    pub(crate) fn read_values(tokens: &mut Tokens<'_>) -> Result<Self, Fault> {
        let mut parser = Parser { tokens, depth: 0, in_values: true };
        let filter = parser.or()?;
        parser.close(&Kind::CloseBracket, "]")?;
        Ok(filter)
    }
}

struct Parser<'p, 't> {
    tokens: &'p mut Tokens<'t>,
    depth: usize,
    in_values: bool,
}

impl Parser<'_, '_> {
    fn or(&mut self) -> Result<Filter, Fault> {
        self.chain("or", Filter::Or, Self::and)
    }

    fn and(&mut self) -> Result<Filter, Fault> {
        self.chain("and", Filter::And, Self::unary)
    }

    fn chain(
        &mut self,
        word: &str,
        wrap: fn(Vec<Filter>) -> Filter,
        operand: fn(&mut Self) -> Result<Filter, Fault>,
    ) -> Result<Filter, Fault> {
        let first = operand(self)?;
        if !self.tokens.take_word(word) {
            return Ok(first);
        }
        let mut filters = vec![first, operand(self)?];
        while self.tokens.take_word(word) {
            filters.push(operand(self)?);
        }
        Ok(wrap(filters))
    }

    fn unary(&mut self) -> Result<Filter, Fault> {
        let Some(token) = self.tokens.next() else {
            return Err(self.tokens.fault("an expression such as userName eq \"ada\" has to stand here"));
        };
        match &token.kind {
            Kind::OpenParen => self.group(),
            // `not` is an attribute name unless a parenthesis follows; a blank between the two is as good as
            // none (C23: the RFC's grammar and its examples disagree).
            Kind::Word(word)
                if word.eq_ignore_ascii_case("not") && self.tokens.take(&Kind::OpenParen).is_some() =>
            {
                Ok(Filter::Not(Box::new(self.group()?)))
            }
            Kind::Word(_) => self.test(&token),
            _ => Err(Fault::new(token.span.start, "an attribute name, 'not (' or '(' has to stand here")),
        }
    }

    /// What stands between parentheses, the opening one being read.
    fn group(&mut self) -> Result<Filter, Fault> {
        self.deeper()?;
        let filter = self.or()?;
        self.close(&Kind::CloseParen, ")")?;
        self.depth -= 1;
        Ok(filter)
    }

    fn test(&mut self, token: &Token<'_>) -> Result<Filter, Fault> {
        let path = AttrPath::from_token(token)?;
        let bracket = self.tokens.offset();
        if self.tokens.take(&Kind::OpenBracket).is_none() {
            return Ok(Filter::Test(path, self.operator()?));
        }
        if self.in_values {
            // Erratum 4690: the brackets hold sub-attributes, which have no values of their own to filter.
            return Err(Fault::new(bracket, "brackets cannot stand inside brackets"));
        }
        if path.sub.is_some() {
            return Err(Fault::new(bracket, "brackets belong to an attribute, not to a sub-attribute"));
        }
        self.deeper()?;
        self.in_values = true;
        let filter = Box::new(self.or()?);
        self.close(&Kind::CloseBracket, "]")?;
        self.in_values = false;
        self.depth -= 1;
        let sub = match sub_attribute(self.tokens)? {
            Some(name) => Some((name, self.operator()?)),
            None => None,
        };
        Ok(Filter::Values { attribute: path, filter, sub })
    }

    fn operator(&mut self) -> Result<Test, Fault> {
        let operators = "an operator has to stand here: pr, eq, ne, co, sw, ew, gt, ge, lt or le";
        let offset = self.tokens.offset();
        let Some(Token { kind: Kind::Word(word), .. }) = self.tokens.next() else {
            return Err(Fault::new(offset, operators));
        };
        if word.eq_ignore_ascii_case("pr") {
            return Ok(Test::Present);
        }
        match CompareOp::ALL.into_iter().find(|op| op.as_str().eq_ignore_ascii_case(word)) {
            Some(op) => Ok(Test::Compare(op, self.literal()?)),
            None => Err(Fault::new(offset, operators)),
        }
    }

    fn literal(&mut self) -> Result<Literal, Fault> {
        let offset = self.tokens.offset();
        match self.tokens.next().map(|token| token.kind) {
            Some(Kind::String(string)) => Ok(Literal::String(string)),
            Some(Kind::Number(number)) => Ok(Literal::Number(number)),
            Some(Kind::Word("true")) => Ok(Literal::Boolean(true)),
            Some(Kind::Word("false")) => Ok(Literal::Boolean(false)),
            Some(Kind::Word("null")) => Ok(Literal::Null),
            _ => Err(Fault::new(
                offset,
                "a JSON value has to stand here: a string in double quotes, a number, true, false or null",
            )),
        }
    }

    fn close(&mut self, kind: &Kind<'_>, bracket: &str) -> Result<(), Fault> {
        match self.tokens.take(kind) {
            Some(_) => Ok(()),
            None => Err(self.tokens.fault(format!("{} or and / or has to stand here", quoted(bracket)))),
        }
    }

    fn deeper(&mut self) -> Result<(), Fault> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.tokens.fault(format!("brackets may nest {MAX_DEPTH} levels deep, no more")));
        }
        Ok(())
    }
}
