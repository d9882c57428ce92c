use super::*;
use proptest::prelude::*;

const TEXT: &str = "The Norman dynasty had a major impact on medieval Europe. Rollo, their leader, swore fealty to King Charles III in 911. \
    The settlers did not keep their language, and 2,500 of them moved south.";

fn verdict(sentence: &str) -> Support {
    check(sentence, &[&Evidence::new(TEXT, ["Normans"])], None).support
}

#[test]
fn what_is_said_is_supported_also_in_other_words() {
    for sentence in [
        "Rollo swore fealty to King Charles III in 911.",
        "In 911 their leader Rollo swore fealty to Charles III.",
        "The settlers did not keep their language.",
        "2500 settlers moved south.",
        "The Normans had a major impact on Europe.",
    ] {
        assert_eq!(verdict(sentence), Support::Supported, "{sentence}");
    }
}

#[test]
fn changes_are_noticed() {
    for sentence in [
        "Rollo swore fealty to King Charles III in 912.",
        "Rollo swore fealty to King Louis III in 911.",
        "Harald, their leader, swore fealty to King Charles III in 911.",
        "Rollo never swore fealty to King Charles III in 911.",
        "The settlers kept their language, and 2,500 of them moved south.",
        "2,500 of the settlers moved north.",
        "Rollo swore fealty to King Charles III in 2,500.",
    ] {
        assert_eq!(verdict(sentence), Support::Weak, "{sentence}");
    }
    assert_eq!(
        verdict("Photosynthesis happens inside the chloroplasts of plants."),
        Support::Unsupported
    );
}

#[test]
fn numbers_have_one_spelling() {
    for (written, number) in [
        ("1,066", "1066"),
        ("1.066", "1066"),
        ("10th", "10"),
        ("ten", "10"),
        ("3.5", "3.5"),
        ("3,5", "3.5"),
        ("1990s", "1990"),
    ] {
        assert_eq!(number_of(written).as_deref(), Some(number));
    }
    assert_eq!(number_of("9th-century").as_deref(), None);
    assert_eq!(number_of("911abc"), None);
}

#[test]
fn two_sources_together_may_carry_a_sentence() {
    let one = Evidence::new("The rent is 850 euros.", ["Lease"]);
    let other = Evidence::new("Parking costs 60 euros.", ["Garage"]);
    let sentence = "The rent is 850 euros and parking costs 60 euros.";
    assert_ne!(check(sentence, &[&one], None).support, Support::Supported);
    assert_eq!(check(sentence, &[&one, &other], None).support, Support::Supported);
}

#[test]
fn german_is_checked_too() {
    let lease = Evidence::new(
        "Die Miete beträgt 850 Euro. Der Mieter darf keine Hunde halten.",
        ["Mietvertrag"],
    );
    assert_eq!(
        check("Die Miete beträgt 850 Euro.", &[&lease], None).support,
        Support::Supported
    );
    assert_eq!(
        check("Die Miete beträgt 950 Euro.", &[&lease], None).support,
        Support::Weak
    );
    assert_eq!(
        check("Der Mieter darf Hunde halten.", &[&lease], None).support,
        Support::Weak
    );
    assert_eq!(
        check("Der Vermieter darf keine Hunde halten.", &[&lease], None).support,
        Support::Weak
    );
}

proptest! {
    #[test]
    fn any_text_can_be_checked(sentence in "\\PC{0,60}", text in "\\PC{0,120}") {
        let finding = check(&sentence, &[&Evidence::new(&text, [])], Some(0.5));
        prop_assert!((0.0..=1.0).contains(&finding.coverage));
    }
}
