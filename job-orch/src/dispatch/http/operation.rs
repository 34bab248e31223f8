//! [`Operation`]: one method of one path, with what there is to say about it. Routes and their description are made of the same
//! list, so neither has what the other lacks.

use axum::handler::Handler;
use axum::routing::{MethodFilter, MethodRouter, on};
use serde_json::{Map, Value, json};

use super::{Site, admission};
use crate::dispatch::AccessToken;

#[derive(Debug)]
pub(super) struct Operation {
    pub(super) path: &'static str,
    pub(super) route: MethodRouter<Site>,
    method: &'static str,
    summary: &'static str,
    parameters: Vec<Value>,
    body: Option<&'static str>,
    answers: Map<String, Value>,
    // Also for who does not know the token of the dispatcher.
    is_open: bool,
    // That is asked for.
    is_guarded: bool,
}

impl Operation {
    pub(super) fn get<H: Handler<T, Site>, T: 'static>(path: &'static str, handler: H) -> Self {
        Self::new("get", MethodFilter::GET, path, handler)
    }

    pub(super) fn post<H: Handler<T, Site>, T: 'static>(path: &'static str, handler: H) -> Self {
        Self::new("post", MethodFilter::POST, path, handler)
    }

    fn new<H: Handler<T, Site>, T: 'static>(
        method: &'static str,
        filter: MethodFilter,
        path: &'static str,
        handler: H,
    ) -> Self {
        let parameters = if path.contains("{id}") { vec![in_path()] } else { Vec::new() };
        let route = on(filter, handler);
        let answers = Map::new();
        Self { path, route, method, summary: "", parameters, body: None, answers, is_open: false, is_guarded: false }
    }

    pub(super) const fn summary(mut self, summary: &'static str) -> Self {
        self.summary = summary;
        self
    }

    /// It is there for who does not know the token of the dispatcher, too.
    pub(super) const fn open(mut self) -> Self {
        self.is_open = true;
        self
    }

    /// It is there for who knows this token, unless it is open.
    pub(super) fn guard(mut self, token: &AccessToken) -> Self {
        if self.is_open {
            return self;
        }
        self.route = admission::guard(self.route, token);
        self.is_guarded = true;
        self.answer(401, "the token of the dispatcher is missing, or another one", Some(json!({"Error": "Token"})))
    }

    pub(super) fn header(self, name: &str, description: &str) -> Self {
        self.with_header(name, description, true)
    }

    /// A header that a request can do without.
    pub(super) fn may_have(self, name: &str, description: &str) -> Self {
        self.with_header(name, description, false)
    }

    fn with_header(mut self, name: &str, description: &str, is_required: bool) -> Self {
        let schema = json!({"type": "string"});
        let header = json!({"name": name, "in": "header", "required": is_required, "description": description, "schema": schema});
        self.parameters.push(header);
        self
    }

    /// It can be told to wait.
    pub(super) fn waits(mut self) -> Self {
        let schema = json!({"type": "integer", "minimum": 0, "maximum": super::wait::LONGEST.as_secs()});
        let description = "so many seconds to wait at most";
        self.parameters.push(json!({"name": "wait", "in": "query", "description": description, "schema": schema}));
        self
    }

    pub(super) const fn body(mut self, description: &'static str) -> Self {
        self.body = Some(description);
        self
    }

    /// An answer whose body is an example of itself; without one, it has none that is JSON.
    pub(super) fn answer(mut self, status: u16, description: &str, example: Option<Value>) -> Self {
        let mut answer = json!({"description": description});
        if let Some(example) = example {
            answer["content"] = json!({"application/json": {"schema": {}, "example": example}});
        }
        self.answers.insert(status.to_string(), answer);
        self
    }

    /// Adds itself to the paths of a description.
    pub(super) fn describe(&self, paths: &mut Map<String, Value>) {
        let mut operation = json!({"summary": self.summary, "responses": self.answers});
        if !self.parameters.is_empty() {
            operation["parameters"] = Value::Array(self.parameters.clone());
        }
        if self.is_guarded {
            operation["security"] = json!([{super::openapi::SCHEME: []}]);
        }
        if let Some(description) = self.body {
            let content = json!({"application/json": {"schema": {}}});
            operation["requestBody"] = json!({"required": true, "description": description, "content": content});
        }
        let path = paths.entry(self.path).or_insert_with(|| Value::Object(Map::new()));
        path[self.method] = operation;
    }
}

fn in_path() -> Value {
    json!({"name": "id", "in": "path", "required": true, "schema": {"type": "string", "format": "uuid"}})
}
