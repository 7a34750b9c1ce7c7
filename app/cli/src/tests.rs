//! Tests of the command line.

use clap::{CommandFactory, Parser, error::ErrorKind};
use curvevm::{program::Claim, types::Quote};

use crate::{
    args::{Cli, Command},
    commands::{
        claim::What,
        member::MemberCommand,
        session::{SessionCommand, parse_duration},
        watch::Settled,
    },
    context::{Until, parse_percent},
};

const CURVE: &str = "5k4r7wUh7rPMwkatgPvg24JnJ3KbctvXmLm3k2FuCt2b";

fn parse(line: &str) -> Result<Cli, ErrorKind> {
    Cli::try_parse_from(line.split_whitespace()).map_err(|error| error.kind())
}

#[test]
fn the_command_line_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn amounts_are_read_with_their_unit() {
    let Ok(Cli { command: Command::Deposit(args), json }) =
        parse("asset deposit 1.5sol --key k.json --json")
    else {
        panic!("refused");
    };
    assert_eq!(args.sol, Some(Quote::new(1_500_000_000)));
    assert!(json && args.to.is_none() && !args.no_wait);
    assert_eq!(parse("asset deposit 1.5 --key k.json").unwrap_err(), ErrorKind::ValueValidation);
    assert_eq!(parse("asset deposit 1.5usd --key k.json").unwrap_err(), ErrorKind::ValueValidation);
}

#[test]
fn a_deposit_is_of_sol_or_of_tokens() {
    let deposit = |line: &str| match parse(&format!("asset deposit {line} --key k")) {
        Ok(Cli { command: Command::Deposit(args), .. }) => {
            Ok((args.sol.is_some(), args.mint.is_some(), args.curve.is_some(), args.amount))
        }
        Ok(_) => panic!("another command"),
        Err(error) => Err(error),
    };
    let five = Some("5".to_owned());
    assert_eq!(deposit("1sol"), Ok((true, false, false, None)));
    assert_eq!(
        deposit(&format!("--mint {CURVE} --amount 5")),
        Ok((false, true, false, five.clone()))
    );
    assert_eq!(deposit(&format!("--curve {CURVE} --tokens 5")), Ok((false, false, true, five)));
    let missing = Err(ErrorKind::MissingRequiredArgument);
    assert_eq!(deposit(""), missing);
    assert_eq!(deposit("--amount 5"), missing);
    assert_eq!(deposit(&format!("--mint {CURVE}")), missing);
    let conflict = Err(ErrorKind::ArgumentConflict);
    assert_eq!(deposit(&format!("1sol --mint {CURVE} --amount 5")), conflict);
    assert_eq!(deposit(&format!("--curve {CURVE} --mint {CURVE} --amount 5")), conflict);
}

#[test]
fn several_nodes_may_be_named() {
    let line = "asset status --url http://127.0.0.1:1,http://127.0.0.1:2 --url http://127.0.0.1:3";
    let Ok(Cli { command: Command::Status(args), .. }) = parse(line) else { panic!("refused") };
    assert_eq!(args.urls.url.len(), 3);
}

#[test]
fn a_watcher_needs_an_l1_and_a_genesis() {
    let line = "asset watch --l1 http://127.0.0.1:1 --genesis g.json --once --level finalized";
    let Ok(Cli { command: Command::Watch(args), .. }) = parse(line) else { panic!("refused") };
    assert!(args.once && args.level == Settled::Finalized);
    assert_eq!((args.l1.as_str(), args.interval_ms), ("http://127.0.0.1:1", 1_000));
    let missing = parse("asset watch --l1 http://127.0.0.1:1").unwrap_err();
    assert_eq!(missing, ErrorKind::MissingRequiredArgument);
}

#[test]
fn an_order_fixes_exactly_one_side() {
    let refused = |order: &str| parse(&format!("asset buy {CURVE} --key k {order}")).unwrap_err();
    assert_eq!(refused(""), ErrorKind::MissingRequiredArgument);
    assert_eq!(refused("--spend 1sol --tokens 5"), ErrorKind::ArgumentConflict);
    assert_eq!(refused("--spend 1sol --min 5 --slippage 1%"), ErrorKind::ArgumentConflict);
    let Ok(Cli { command: Command::Buy(args), .. }) =
        parse(&format!("asset buy {CURVE} --key k --spend 1sol"))
    else {
        panic!("refused");
    };
    assert_eq!(
        (args.spend, args.slippage, args.wait),
        (Some(Quote::new(1_000_000_000)), 100, Until::Preconfirmed)
    );
}

#[test]
fn a_sale_may_be_of_everything() {
    let line = format!("asset sell {CURVE} --key k --tokens all --min 1sol --wait finalized");
    let Ok(Cli { command: Command::Sell(args), .. }) = parse(&line) else { panic!("refused") };
    assert_eq!((args.tokens.as_deref(), args.wait), (Some("all"), Until::Finalized));
}

#[test]
fn a_claim_is_of_a_withdrawal_or_of_a_curve() {
    let claim = |line: &str| match parse(&format!("asset claim {line} --key k")) {
        Ok(Cli { command: Command::Claim(args), .. }) => Ok((args.what, args.curve.is_some())),
        Ok(_) => panic!("another command"),
        Err(error) => Err(error),
    };
    assert_eq!(claim("7"), Ok((What::Withdrawal(7), false)));
    let vested = claim(&format!("vested --curve {CURVE}"));
    assert_eq!(vested, Ok((What::Accrued(Claim::Vested), true)));
    assert_eq!(claim("everything"), Err(ErrorKind::ValueValidation));
}

#[test]
fn a_withdrawal_is_of_sol_or_of_tokens() {
    let withdraw = |line: &str| match parse(&format!("asset withdraw {line} --key k")) {
        Ok(Cli { command: Command::Withdraw(args), .. }) => {
            Ok((args.amount, args.tokens, args.curve.is_some()))
        }
        Ok(_) => panic!("another command"),
        Err(error) => Err(error),
    };
    assert_eq!(withdraw("1sol"), Ok((Some(Quote::new(1_000_000_000)), None, false)));
    let tokens = withdraw(&format!("--tokens 5t --curve {CURVE}"));
    assert_eq!(tokens, Ok((None, Some("5t".to_owned()), true)));
    let quote = withdraw(&format!("--tokens all --mint {CURVE}"));
    assert_eq!(quote, Ok((None, Some("all".to_owned()), false)));
    let two = withdraw(&format!("--tokens 5 --mint {CURVE} --curve {CURVE}"));
    assert_eq!(two, Err(ErrorKind::ArgumentConflict));
    assert_eq!(withdraw(""), Err(ErrorKind::MissingRequiredArgument));
    assert_eq!(withdraw("--tokens 5"), Err(ErrorKind::MissingRequiredArgument));
    assert_eq!(withdraw(&format!("--curve {CURVE}")), Err(ErrorKind::MissingRequiredArgument));
    let both = withdraw(&format!("1sol --tokens 5 --curve {CURVE}"));
    assert_eq!(both, Err(ErrorKind::ArgumentConflict));
}

#[test]
fn a_bond_is_locked_for_a_key_file_and_withdrawn_for_an_address() {
    let line = "asset member register --member committee.json --key poster.json";
    let Ok(Cli { command: Command::Member(args), .. }) = parse(line) else { panic!("refused") };
    let MemberCommand::Register(args) = args.command else { panic!("another command") };
    assert_eq!((args.member.to_str(), args.amount), (Some("committee.json"), None));
    let line = format!("asset member unbond {CURVE} --key poster.json");
    let Ok(Cli { command: Command::Member(args), .. }) = parse(&line) else { panic!("refused") };
    assert!(matches!(args.command, MemberCommand::Unbond(_)));
    let missing = parse("asset member register --key poster.json").unwrap_err();
    assert_eq!(missing, ErrorKind::MissingRequiredArgument);
}

#[test]
fn a_session_is_for_a_time_and_an_amount() {
    let line = format!("asset session authorize {CURVE} --key k --limit 5sol --for");
    let Ok(Cli { command: Command::Session(args), .. }) = parse(&format!("{line} 12h")) else {
        panic!("refused");
    };
    let SessionCommand::Authorize(args) = args.command else { panic!("another command") };
    assert_eq!((args.duration_ms, args.limit.get()), (43_200_000, 5_000_000_000));
    assert_eq!(parse(&format!("{line} soon")).unwrap_err(), ErrorKind::ValueValidation);
    for (text, ms) in [("90s", 90_000), ("30min", 1_800_000), ("7d", 604_800_000), ("5ms", 5)] {
        assert_eq!(parse_duration(text).unwrap(), ms, "{text}");
    }
    for text in ["", "5", "d", "1.5h", "-1s", "99999999999999999999d", "999999999999999d"] {
        assert!(parse_duration(text).is_err(), "{text}");
    }
}

#[test]
fn trades_name_a_referrer_and_an_owner() {
    let line = format!("asset sell {CURVE} --key k --tokens 5 --referrer {CURVE} --owner {CURVE}");
    let Ok(Cli { command: Command::Sell(args), .. }) = parse(&line) else { panic!("refused") };
    assert!(args.referrer.is_some() && args.trader.owner.is_some());
    let line = format!("asset liquidity remove {CURVE} --key k --shares all --owner {CURVE}");
    assert!(parse(&line).is_ok());
    assert_eq!(
        parse(&format!("asset liquidity add {CURVE} --key k")).unwrap_err(),
        ErrorKind::MissingRequiredArgument
    );
}

#[test]
fn ids_and_addresses_are_checked() {
    assert_eq!(parse("asset tx 12").unwrap_err(), ErrorKind::ValueValidation);
    assert_eq!(
        parse("asset buy nonsense --key k --spend 1sol").unwrap_err(),
        ErrorKind::ValueValidation
    );
    assert_eq!(
        parse("asset transfer nobody 1sol --key k").unwrap_err(),
        ErrorKind::ValueValidation
    );
    assert!(parse(&format!("asset tx {}", "ab".repeat(32))).is_ok());
}

#[test]
fn a_network_has_a_sensible_size() {
    assert_eq!(parse("asset devnet --members 0").unwrap_err(), ErrorKind::ValueValidation);
    assert_eq!(parse("asset devnet --members 33").unwrap_err(), ErrorKind::ValueValidation);
    assert!(parse("asset devnet --demo --members 7 --json").is_ok());
}

#[test]
fn percentages_are_exact() {
    for (text, bps) in [("1%", 100), ("0.5%", 50), ("0.05", 5), ("100%", 10_000), ("0", 0)] {
        assert_eq!(parse_percent(text).unwrap(), bps, "{text}");
    }
    for text in ["", "%", "-1%", "1.234%", "100.01%", "a%", "1,5%"] {
        assert!(parse_percent(text).is_err(), "{text}");
    }
}

#[test]
fn a_node_reads_what_a_local_network_writes() {
    let file = asset_localnet::NodeFile {
        data_dir: "/d".into(),
        genesis_file: "/g".into(),
        committee_key_file: "/k".into(),
        listen: vec!["/ip4/127.0.0.1/udp/20000/quic-v1".to_owned()],
        rpc_address: ([127, 0, 0, 1], 20_001).into(),
        metrics_address: ([127, 0, 0, 1], 20_002).into(),
        block_interval_ms: 20,
        heartbeat_ms: 500,
        view_timeout_ms: 2_000,
        rpc: asset_localnet::RpcFile {
            connections_max: 1,
            request_bytes_max: 65_536,
            subscriptions_max: 1,
        },
        l1: asset_localnet::L1File {
            url: "http://127.0.0.1:8899".to_owned(),
            poster_key_file: "/p".into(),
            poll_interval_ms: 100,
            poster_timeout_ms: 5_000,
        },
        peers: vec![asset_localnet::PeerFile {
            member: 1,
            addresses: vec!["/ip4/127.0.0.1/udp/20003/quic-v1".to_owned()],
        }],
    };
    let text = toml::to_string_pretty(&file).unwrap();
    let config = asset_sequencer::NodeConfig::parse(&text, "node.toml".as_ref()).unwrap();
    assert_eq!(config.violations(), Vec::<String>::new());
    assert_eq!(config.peers.len(), 1);
}

#[test]
fn an_exit_does_nothing_until_it_is_told_to() {
    let line = "asset exit --l1 http://127.0.0.1:1 --genesis g.json --key k.json";
    let Ok(Cli { command: Command::Exit(args), .. }) = parse(line) else { panic!("refused") };
    assert!(!args.yes && !args.keep_tokens && args.recipient.is_none());
    assert!(args.poster_key.is_none());
    assert_eq!(
        parse("asset exit --l1 http://127.0.0.1:1 --genesis g.json").unwrap_err(),
        ErrorKind::MissingRequiredArgument
    );
}
