//! Whether the numbers of a deck can be of the system of units that it names.
//!
//! Nothing is converted: a structure in mm with a modulus in Pa is computed as it stands. What no solid can be is told.

use super::deck::Deck;

/// Systems of `/UNITS`: name, units of length in a metre, pascals in a unit of stress.
const SYSTEMS: [(&str, f64, f64); 7] = [
    ("SI", 1.0, 1.0),
    ("MKS", 1.0, 1.0),
    ("CGS", 100.0, 0.1),
    ("BFT", 3.280_84, 47.880_26),
    ("BIN", 39.370_08, 6894.757),
    ("MPA", 1e3, 1e6),
    ("UMKS", 1e6, 1e6),
];
/// Young's moduli in Pa: from soft rubber to diamond, with room.
const MODULUS: [f64; 2] = [1e4, 5e12];
/// Speeds of sound `sqrt(E / density)` in m/s: from rubber to diamond, with room.
const SOUND: [f64; 2] = [20.0, 3e4];

impl Deck {
    /// What of a material (its modulus and density) does not fit the units, in words; `None` where nothing is wrong.
    pub fn doubtful_units(&self, material: u32) -> Option<String> {
        let properties = &self.materials.get(&material)?.properties;
        let first =
            |label: &str| properties.get(label).and_then(|p| p.first()).map(|p| p.1).filter(|v| *v > 0.0);
        let young = first("EX")?;
        let named = self.units.as_ref().and_then(|u| SYSTEMS.iter().find(|s| u.eq_ignore_ascii_case(s.0)));
        let outside = |value: f64, range: [f64; 2]| !(range[0]..=range[1]).contains(&value);
        if let Some((name, _, pascals)) = named.filter(|s| outside(young * s.2, MODULUS)) {
            return Some(format!(
                "EX = {young} is {:.1e} Pa in the units {name} that the deck names",
                young * pascals
            ));
        }
        let sound = (young / first("DENS")?).sqrt();
        match named {
            Some((name, metre, _)) => outside(sound / metre, SOUND).then(|| {
                format!(
                    "EX and DENS give a speed of sound of {:.1e} m/s in the units {name} that the deck names",
                    sound / metre
                )
            }),
            None => SYSTEMS.iter().all(|s| outside(sound / s.1, SOUND)).then(|| {
                format!(
                    "EX and DENS give a speed of sound of {sound:.1e}, which is none in any system of units"
                )
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::ansys::DeckMaterial;
    use std::collections::BTreeMap;

    #[test]
    fn steel_is_told_where_its_units_are_mixed() {
        let told = |units: Option<&str>, young: f64, density: f64| {
            let properties = BTreeMap::from([("EX", young), ("DENS", density)]);
            let properties = properties.into_iter().map(|(k, v)| (k.to_owned(), vec![(0.0, v)])).collect();
            let materials = BTreeMap::from([(1, DeckMaterial { properties, ..DeckMaterial::default() })]);
            let deck = Deck { units: units.map(str::to_owned), materials, ..Deck::default() };
            deck.doubtful_units(1)
        };
        for (units, young, density) in [
            (Some("SI"), 2.1e11, 7850.0),
            (Some("mpa"), 2.1e5, 7.85e-9),
            (Some("BIN"), 3e7, 7.3e-4),
            (Some("CGS"), 2.1e12, 7.85),
            (Some("UMKS"), 2.1e5, 7.85e-15),
            (None, 2.1e5, 7.85e-9),
            (None, 2.1e11, 7850.0),
            (Some("USER"), 1e-3, 0.0),
        ] {
            assert_eq!(told(units, young, density), None, "{units:?} {young} {density}");
        }
        let modulus = told(Some("MPA"), 2.1e11, 7.85e-9).unwrap();
        assert!(modulus.starts_with("EX = 210000000000 is 2.1e17 Pa in the units MPA"), "{modulus}");
        assert!(told(Some("MPA"), 2.1e5, 7850.0).unwrap().contains("a speed of sound of 5.2e-3 m/s"));
        assert!(
            told(Some("SI"), 2.1e5, 7850.0)
                .unwrap()
                .contains("a speed of sound of 5.2e0 m/s in the units SI")
        );
        assert!(told(None, 2.1e5, 7850.0).unwrap().contains("none in any system"));
    }
}
