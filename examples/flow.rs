//! Flows: jobs that are wired, and drawn. Prices an order: each item alone, and then the whole.
//!
//! ```text
//! cargo run --example flow                        runs it
//! cargo run --example flow -- --graph svg         draws it; `mermaid` and `dot` too
//! ```

use job_orch::Route;
use job_orch::flow::{Flow, InvalidFlow, Wire, arm};
use job_orch::prelude::*;

/// Where a line of the order goes, by what it begins with.
#[derive(Clone, Debug, Route)]
enum Item {
    Book(String),
    Gift(u64),
}

#[job]
async fn read_item(line: &String) -> Item {
    match line.strip_prefix("gift ").and_then(|value| value.parse().ok()) {
        Some(value) => Item::Gift(value),
        None => Item::Book(line.clone()),
    }
}

/// Looks a book up. Not every book has a price.
#[job]
async fn find_price(title: &String) -> Result<u64, String> {
    match title.as_str() {
        "Emma" => Ok(900),
        "Ulysses" => Ok(2_500),
        _ => Err(format!("nobody sells {title:?}")),
    }
}

#[job]
async fn weigh(title: &String) -> u64 {
    100 * title.len() as u64
}

/// What an item costs: its price in cents, and a cent for each ten grams of post.
#[job]
async fn add_post((price, grams): &(u64, u64)) -> u64 {
    price + grams / 10
}

#[job]
async fn total(prices: &Vec<u64>) -> u64 {
    prices.iter().sum()
}

/// A part of a flow is a function from wire to wire.
fn book(title: Wire<String>) -> Wire<u64> {
    title.fork(|title| title.attempt(FindPrice).or(|_| 0), |title| title.to(Weigh)).to(AddPost)
}

fn order() -> Result<Flow<Vec<String>, u64>, InvalidFlow> {
    Flow::define("order", |lines: Wire<Vec<String>>| {
        lines.each(|line| line.to(ReadItem).route(ItemArms { book: arm(book), gift: arm(|value| value) })).to(Total)
    })
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let flow = order()?;
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => run(&flow).await?,
        ["--graph", "mermaid"] => print!("{}", flow.graph().mermaid()),
        ["--graph", "dot"] => print!("{}", flow.graph().dot()),
        ["--graph", "svg"] => print!("{}", flow.graph().svg()),
        _ => return Err("usage: flow [--graph mermaid|dot|svg]".into()),
    }
    Ok(())
}

async fn run(flow: &Flow<Vec<String>, u64>) -> Result<(), Box<dyn std::error::Error>> {
    let orch = Orchestrator::on(Memory::new()).host(ReadItem).host(FindPrice).host(Weigh);
    let orch = orch.host(AddPost).host(Total).start().await?;
    let mut run = orch.run(flow, ["Emma", "gift 500", "Ulysses", "Necronomicon"].map(str::to_owned).to_vec());
    let progress = run.progress();
    println!("the order costs {} cents", run.await?);
    for count in progress.now() {
        println!("{:>10}: {}/{}", count.job, count.done, count.total);
    }
    Ok(orch.shutdown().await?)
}
