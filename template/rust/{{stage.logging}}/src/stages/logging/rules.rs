//! What secrets look like, and where they stand: patterns for texts in lower case.
//!
//! Every repetition is bounded or possessive, so that the time is linear in the text. Words are of
//! ASCII: `\w` has thousands of characters, and takes a hundred times longer to compile.

/// What the name of a secret contains ...
const WORD: &str = r"
    (?: pass(?:word|wd|phrase|code) | (?:[_-]pwd|pwd(?<![a-z0-9_]pwd)(?!=/))(?![a-z]) | secret(?!ar)
      | credential | authorization | cookie | sig(?:nature|(?<![a-z]sig)(?![a-z])) | jwt(?![a-z])
      | token(?!i[sz])(?<!max.token)(?<!(?:total|input).token)(?<!(?:prompt|output).token)
      | session[-_.\ ]?id | (?:dsn|salt)(?<![a-z][dsnalt]{3})(?![a-z])
      | (?:require|db|user|[_-])pass(?![a-z]) | (?:master|[_-])auth(?![a-z])
      | (?:api|access|private|signing|encryption|auth|account|licen[cs]e)[-_.\ ]?key
      | [_-]key(?![a-z])(?<!row.key)(?<!(?:sort|hash|host).key)(?<!(?:cache|range|group|index).key)
        (?<!(?:public|object|lookup|unique).key)(?<!partition.key)(?<!idempotency.key)
        (?<!(?:primary|foreign|routing|message|missing|unknown).key)
    )";

/// ... unless it ends in a word that makes it a property of one: `PASSWORD_MIN_LENGTH`.
fn name() -> String {
    format!(
        r"{WORD}
    (?! [a-z0-9_.-]{{0,32}}? (?: count | length | limit | type | (?<![a-z])
        (?: age | algorithm | audience | bucket | dir(?:ectory)? | domain | enabled | endpoint
          | expir(?:y|es|ation)(?:[_-]?(?:in|at))? | field | file | format | header | host
          | httponly | interval | issuer | (?<=key.)id | len | max | method | min | minutes
          | mode | name | path | policy | port | prefix | provider | required | rounds | samesite
          | scopes? | seconds | secure | size | status | stdin | timeout | ttl | ur[il] | used
          | version
        )) (?![a-z0-9_.-]) )"
    )
}

/// The name of a value that is redacted.
pub fn secret_name() -> String {
    format!(r"{} | ^(?:.*[._-])?(?:pass|auth|private|otp)$", name())
}

/// Unquoted, a value ends at whitespace or at the next list item; plain words are no secrets.
const VALUE: &str = r#"
    b?"(?:[^"\\\r\n]|\\.)*+"? | b?'(?:[^'\\\r\n]|\\.)*+'?
  | \\{1,3}"[^"\r\n]*+"? | \\{1,3}'[^'\r\n]*+'?
  | (?! (?: empty | expired | false | invalid | is | missing | nil | none | not | null | required
          | true | undefined | unset ) (?:[\s,;&"')}\]]|$) )
    (?: [^\s,;&"'\\] | \\(?!["']) | [,;&](?![\s"']|$|[a-z0-9_.-]{1,64}[=:]) | ["'](?=[a-z0-9_]) )++"#;

const ARGUMENT: &str = r#"(?:["'][\s,]{1,4}["']?|[\s=]{1,4}["']?)"#;
const ARGUMENTS: &str = r#"(?=[\s"'])[^\n;|]{0,200}?[\s"']"#;
/// Every name of a secret contains one of these; few others do.
pub const WORDS: [&str; 13] = [
    "pass",
    "pwd",
    "secret",
    "credential",
    "auth",
    "cookie",
    "sig",
    "jwt",
    "token",
    "session",
    "dsn",
    "salt",
    "key",
];
const DASHES: [&str; 4] = [" -", "'-", "\"-", "--"];

/// A pattern, whose group `secret` is redacted in a text with one of the words of `hints`.
pub struct Rule {
    pub pattern: String,
    pub hints: &'static [&'static str],
}

pub fn rules() -> Vec<Rule> {
    let name = name();
    let rule = |pattern: &str, hints| Rule {
        pattern: pattern.to_owned(),
        hints,
    };
    vec![
        rule(
            r"-----begin\ [a-z0-9\ ]{0,40}private\ key(?:\ block)?-----(?P<secret>
                (?:[^-]|-(?!----(?:end|begin)\ ))*+(?=-----end\ )
                  | [\ \t\r]?(?=\n|\\[nr]|[a-z0-9+/=]{16})[a-z0-9+/=\s\\:]*+ )",
            &["key"],
        ),
        rule(
            r#"(?P<quote>["'])?(?:set-|proxy-)?(?:cookie|authorization)\s{0,4}:\s{0,4}+
                (?!\\|b?["'])(?P<secret> (?:bearer|basic|negotiate|token)\s{1,4}[^\s,;"']++
                  | (?(<quote>) (?:(?!(?P=quote))[^\r\n])*+ | [^\r\n]*+ ) )"#,
            &["cookie", "auth"],
        ),
        rule(
            &format!(
                r#"(?: {name}[a-z0-9_.-]{{0,32}}
                         (?: [\\"'\]]{{0,4}}\s{{0,4}}(?:=>|:=|={{1,2}}|:|%3d) | \\{{0,3}}["']\s{{0,4}}, )
                     | (?:pass|auth)(?<![a-z]....)(?:=|["']\s{{0,4}}:) ) \s{{0,4}}
                     (?P<secret> (?:(?:bearer|basic|digest|negotiate)\s{{1,4}})?+ (?:{VALUE}) )"#
            ),
            &WORDS,
        ),
        rule(
            &format!(
                r"(?<![a-z0-9_-])--?(?:[a-z][a-z0-9_-]{{0,32}}?)?(?:{name}|pass(?:in|out)?(?![a-z]))
                    [a-z0-9_-]{{0,32}}(?:\s{{1,4}}(?!-)|=)(?P<secret>{VALUE})"
            ),
            &DASHES,
        ),
        rule(
            &format!(r"<[a-z0-9_:.-]{{0,64}}?{name}[a-z0-9_.-]{{0,32}}>(?P<secret>[^<>]++)"),
            &["</"],
        ),
        rule(
            r"(?: bearer\s{1,4}(?!(?:auth[a-z0-9_]*+|credentials?|scheme|tokens?)(?![a-z0-9_.~+/=-]))
                  | basic\s{1,4}(?=[a-z0-9_.~+/=-]{0,512}?[0-9=+/]) )
                (?P<secret>[a-z0-9_.~+/=-]++)",
            &["bearer", "basic"],
        ),
        rule(
            r#"://[^\s/:@"'<>]*+:
                (?P<secret>(?: [^\s/"'<>]+ | (?![0-9]{1,5}[/?\#])[^\s"'<>]{1,256}? ) (?=@) )"#,
            &["@"],
        ),
        rule(r"https?://(?P<secret>[a-z0-9_-]{20,}+)@", &["@"]),
        rule(
            &format!(
                r#"(?: (?:mysql|mariadb)[a-z0-9_-]{{0,24}}+{ARGUMENTS}-p(?=[^\s"',])
                     | (?:sshpass|mongo[a-z]{{0,12}}+|docker\ login){ARGUMENTS}-p{ARGUMENT}?
                     | redis-cli{ARGUMENTS}-a{ARGUMENT}
                     | (?:sqlcmd|mosquitto_[a-z0-9_]{{3}}){ARGUMENTS}-p{ARGUMENT}?
                     | ldap[a-z0-9_]{{3,8}}{ARGUMENTS}-w{ARGUMENT}
                     | curl{ARGUMENTS}(?:-u|--user){ARGUMENT}?[^\s:"']{{0,128}}:
                     ) (?P<secret>[^\s"',]++)"#
            ),
            &DASHES,
        ),
    ]
}

/// Tokens with the form of a known issuer, in upper and lower case.
pub const TOKEN: &str = r"(?<![A-Za-z0-9])(?:
        (?: gh[pousr]_ | github_pat_ | hf_ | do[opr]_v1_ | shp[a-z]{2}_ | lin_api_ | gls[ac]_
          | rubygems_ )[A-Za-z0-9_]{20,}+
      | (?: GOCSPX- | sq0[a-z]{3}- | hv[sb]\. | PMAK- | fig[dp]_ )[A-Za-z0-9_-]{20,}+
      | (?: sk- | pypi- | dckr_[a-z]{3}_ )[A-Za-z0-9_-]{16,}+ | (?: xox[a-z]- | xapp- )[A-Za-z0-9_-]{10,}+
      | gl[a-z]{2,5}-[A-Za-z0-9_.-]{15,}+ | ya29\.[A-Za-z0-9_.-]{20,}+ | [sr]k_(?:live|test)_[A-Za-z0-9_]{10,}+
      | whsec_[A-Za-z0-9_+/=]{16,}+ | sntry[su]_[A-Za-z0-9_+/=]{20,}+ | ATATT3x[A-Za-z0-9_=-]{20,}+ | npm_[A-Za-z0-9_]{30,}+
      | A(?:KI|SI|BI|CC)A[A-Z0-9]{12,}+ | NRAK-[A-Z0-9]{20,}+ | AGE-SECRET-KEY-1[A-Z0-9]{40,}+
      | AIza[A-Za-z0-9_-]{30,}+ | (?:SK|key-)[0-9a-f]{32}(?![A-Za-z0-9_]) | dapi[0-9a-f]{32}
      | SG\.[A-Za-z0-9_-]{16,}+\.[A-Za-z0-9_-]{16,}+ | [0-9]{8,10}:AA[A-Za-z0-9_-]{32,}+
      | eyJ[A-Za-z0-9_-]{5,}+\.[A-Za-z0-9_-]++(?:\.[A-Za-z0-9_-]*+){0,3} | T[A-Z0-9]{6,}+/B[A-Z0-9]{6,}+/[A-Za-z0-9]{16,}+
    )";
