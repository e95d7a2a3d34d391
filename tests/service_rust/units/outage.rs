#[test]
fn of_an_outage_five_causes_are_named_each_once() {
    let mut named = Named::default();
    assert_eq!(named.still("refused"), Some(""));
    assert_eq!(named.still("refused"), None);
    for cause in ["timeout", "password", "refused", "read-only", "no host"] {
        let expected = (cause != "refused").then_some("still ");
        assert_eq!(named.still(cause), expected, "{cause}");
    }
    assert_eq!(named.still("a sixth one"), None);

    assert!(named.end());
    assert!(!named.end());
    assert_eq!(named.still("refused"), Some(""), "another outage");
}
