//! Elastic moduli: isotropic, cubic and orthotropic, with coefficients that may depend on temperature.

use serde::{Deserialize, Serialize};

use super::LawError;
use super::coefficient::{Coefficient, all_nodes, common_range};
use super::tensor::{Axes, orthonormal, rotate_stiffness};

/// Isotropic elasticity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Isotropic {
    /// Young's modulus, a stress.
    pub young: Coefficient,
    /// Poisson's ratio, in (-1, 1/2).
    pub poisson: Coefficient,
}

/// Cubic elasticity: `sigma_ii = y1111 e_ii + y1122 (e_jj + e_kk)`, `sigma_ij = 2 y1212 e_ij = y1212 gamma_ij` in the axes of the crystal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cubic {
    /// Modulus 1111, a stress.
    pub y1111: Coefficient,
    /// Modulus 1122, a stress.
    pub y1122: Coefficient,
    /// Shear modulus, a stress.
    pub y1212: Coefficient,
    /// Row `i` is crystal axis `i` in global coordinates; the global axes where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub axes: Option<Axes>,
}

/// Orthotropic elasticity. `nu_ij` is minus the strain along `j` over the strain along `i` under a stress along `i`:
/// `e_22 = -nu12 sigma_11 / E1`, so `nu12 / E1 = nu21 / E2`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Orthotropic {
    /// Young's modulus along material axis 1.
    #[serde(rename = "E1")]
    pub e1: Coefficient,
    /// Young's modulus along material axis 2.
    #[serde(rename = "E2")]
    pub e2: Coefficient,
    /// Young's modulus along material axis 3.
    #[serde(rename = "E3")]
    pub e3: Coefficient,
    /// Contraction along 2 under a stress along 1.
    pub nu12: Coefficient,
    /// Contraction along 3 under a stress along 2.
    pub nu23: Coefficient,
    /// Contraction along 1 under a stress along 3.
    pub nu31: Coefficient,
    /// Shear modulus: `sigma_12 = G12 gamma_12`.
    #[serde(rename = "G12")]
    pub g12: Coefficient,
    /// Shear modulus: `sigma_23 = G23 gamma_23`.
    #[serde(rename = "G23")]
    pub g23: Coefficient,
    /// Shear modulus: `sigma_31 = G31 gamma_31`.
    #[serde(rename = "G31")]
    pub g31: Coefficient,
    /// Row `i` is material axis `i` in global coordinates; the global axes where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub axes: Option<Axes>,
}

/// Elasticity of any of the supported symmetries.
#[derive(Debug, Clone, PartialEq)]
pub enum Elasticity {
    /// Two moduli.
    Isotropic(Isotropic),
    /// Three moduli and axes.
    Cubic(Cubic),
    /// Nine moduli and axes.
    Orthotropic(Box<Orthotropic>),
}

impl Isotropic {
    /// Checks the ranges at which the elastic energy is positive.
    ///
    /// # Errors
    /// [`LawError::Range`].
    pub fn validate(&self) -> Result<(), LawError> {
        self.young.check_positive("young")?;
        self.poisson.check("poisson", "it must lie between -1 and 0.5", |v| v > -1.0 && v < 0.5)
    }

    /// Bulk and shear moduli at a temperature.
    #[inline]
    pub fn moduli(&self, temperature: f64) -> (f64, f64) {
        let (e, nu) = (self.young.at(temperature), self.poisson.at(temperature));
        (e / (3.0 * (1.0 - 2.0 * nu)), e / (2.0 * (1.0 + nu)))
    }

    /// Its coefficients.
    pub(crate) fn coefficients(&self) -> [&Coefficient; 2] {
        [&self.young, &self.poisson]
    }
}

impl Elasticity {
    /// Checks positive definiteness at every node of every table, and makes axes exactly orthonormal.
    ///
    /// # Errors
    /// [`LawError::Range`] with the first coefficient that breaks it.
    pub fn validate(&mut self) -> Result<(), LawError> {
        if let Elasticity::Cubic(Cubic { axes: Some(axes), .. }) = self {
            *axes = orthonormal(axes)?;
        }
        if let Elasticity::Orthotropic(parameters) = self
            && let Some(axes) = &mut parameters.axes
        {
            *axes = orthonormal(axes)?;
        }
        match self {
            Elasticity::Isotropic(p) => p.validate(),
            Elasticity::Cubic(p) => p.validate(),
            Elasticity::Orthotropic(p) => p.validate(),
        }
    }

    /// Material axes, where the symmetry has them and they are given.
    pub fn axes(&self) -> Option<Axes> {
        match self {
            Elasticity::Isotropic(_) => None,
            Elasticity::Cubic(p) => p.axes,
            Elasticity::Orthotropic(p) => p.axes,
        }
    }

    /// Sets the material axes; isotropy has none.
    pub fn set_axes(&mut self, axes: Axes) {
        match self {
            Elasticity::Isotropic(_) => {}
            Elasticity::Cubic(p) => p.axes = Some(axes),
            Elasticity::Orthotropic(p) => p.axes = Some(axes),
        }
    }

    /// The stiffness at a temperature in global axes, row-major 6 x 6, for strains with engineering shears.
    pub fn at(&self, temperature: f64, c: &mut [f64; 36]) {
        match self {
            Elasticity::Isotropic(p) => {
                let (kappa, mu) = p.moduli(temperature);
                isotropic_stiffness(kappa, mu, c);
            }
            Elasticity::Cubic(p) => p.at(temperature, c),
            Elasticity::Orthotropic(p) => p.at(temperature, c),
        }
    }

    /// Whether no modulus depends on temperature.
    pub fn is_constant(&self) -> bool {
        self.coefficients().iter().all(|c| c.as_constant().is_some())
    }

    /// Temperatures that all tables cover.
    pub(crate) fn temperature_range(&self) -> Option<(f64, f64)> {
        common_range(self.coefficients())
    }

    fn coefficients(&self) -> Vec<&Coefficient> {
        match self {
            Elasticity::Isotropic(p) => p.coefficients().to_vec(),
            Elasticity::Cubic(p) => vec![&p.y1111, &p.y1122, &p.y1212],
            Elasticity::Orthotropic(p) => p.coefficients().to_vec(),
        }
    }
}

impl Cubic {
    fn validate(&self) -> Result<(), LawError> {
        self.y1212.check_positive("y1212")?;
        let nodes = all_nodes([&self.y1111, &self.y1122]);
        for &t in &nodes {
            let (a, b) = (self.y1111.at(t), self.y1122.at(t));
            // The limit itself is admitted at one node among others: tables of real cases touch it far from use.
            let shear = a > b || (a == b && nodes.len() > 1);
            if !(shear && a + 2.0 * b > 0.0) {
                let rule = format!("y1111 > y1122 and y1111 + 2 y1122 > 0 must hold (y1122 = {b} there)");
                return Err(LawError::Range { name: "y1111".to_owned(), value: a, rule });
            }
        }
        Ok(())
    }

    fn at(&self, temperature: f64, c: &mut [f64; 36]) {
        let (a, b, g) = (self.y1111.at(temperature), self.y1122.at(temperature), self.y1212.at(temperature));
        c.fill(0.0);
        for i in 0..3 {
            for j in 0..3 {
                c[6 * i + j] = if i == j { a } else { b };
            }
            c[7 * (i + 3)] = g;
        }
        if let Some(axes) = &self.axes {
            *c = rotate_stiffness(axes, c);
        }
    }
}

impl Orthotropic {
    fn coefficients(&self) -> [&Coefficient; 9] {
        [&self.e1, &self.e2, &self.e3, &self.nu12, &self.nu23, &self.nu31, &self.g12, &self.g23, &self.g31]
    }

    /// The compliances of the normal components at a temperature: diagonal, then 12, 23, 31.
    fn compliance(&self, t: f64) -> ([f64; 3], [f64; 3]) {
        let e = [self.e1.at(t), self.e2.at(t), self.e3.at(t)];
        let nu = [self.nu12.at(t), self.nu23.at(t), self.nu31.at(t)];
        (e.map(|e| 1.0 / e), std::array::from_fn(|i| -nu[i] / e[i]))
    }

    fn validate(&self) -> Result<(), LawError> {
        for (name, c) in [("E1", &self.e1), ("E2", &self.e2), ("E3", &self.e3)] {
            c.check_positive(name)?;
        }
        for (name, c) in [("G12", &self.g12), ("G23", &self.g23), ("G31", &self.g31)] {
            c.check_positive(name)?;
        }
        for (name, c) in [("nu12", &self.nu12), ("nu23", &self.nu23), ("nu31", &self.nu31)] {
            c.check(name, "it must be finite", |_| true)?;
        }
        for t in all_nodes(self.coefficients()) {
            let ([a, b, c], [d, e, f]) = self.compliance(t);
            let determinant = a * (b * c - e * e) - d * (d * c - e * f) + f * (d * e - b * f);
            let minors = [("nu12", &self.nu12, a * b - d * d), ("nu31", &self.nu31, a * c - f * f)];
            for (name, coefficient, minor) in
                minors.into_iter().chain([("nu23", &self.nu23, (b * c - e * e).min(determinant))])
            {
                if minor <= 0.0 {
                    return Err(LawError::Range {
                        name: name.to_owned(),
                        value: coefficient.at(t),
                        rule: format!(
                            "with the other moduli at temperature {t} the elastic energy is not positive; \
                             check the convention nu_ij = -e_j / e_i under a stress along i"
                        ),
                    });
                }
            }
        }
        Ok(())
    }

    fn at(&self, t: f64, result: &mut [f64; 36]) {
        let ([a, b, c], [d, e, f]) = self.compliance(t);
        let determinant = a * (b * c - e * e) - d * (d * c - e * f) + f * (d * e - b * f);
        let inverse = [
            [b * c - e * e, e * f - c * d, d * e - b * f],
            [e * f - c * d, a * c - f * f, d * f - a * e],
            [d * e - b * f, d * f - a * e, a * b - d * d],
        ];
        result.fill(0.0);
        for i in 0..3 {
            for j in 0..3 {
                result[6 * i + j] = inverse[i][j] / determinant;
            }
        }
        for (i, g) in [&self.g12, &self.g23, &self.g31].into_iter().enumerate() {
            result[7 * (i + 3)] = g.at(t);
        }
        if let Some(axes) = &self.axes {
            *result = rotate_stiffness(axes, result);
        }
    }
}

/// `kappa 1 (x) 1 + 2 mu dev`, for strains with engineering shears.
#[inline]
pub(crate) fn isotropic_stiffness(kappa: f64, mu: f64, c: &mut [f64; 36]) {
    let (diagonal, off) = (kappa + 4.0 / 3.0 * mu, kappa - 2.0 / 3.0 * mu);
    *c = [0.0; 36];
    for i in 0..3 {
        for j in 0..3 {
            c[6 * i + j] = if i == j { diagonal } else { off };
        }
        c[7 * (i + 3)] = mu;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn orthotropic(axes: Option<Axes>) -> Orthotropic {
        Orthotropic {
            e1: 100.0.into(),
            e2: 50.0.into(),
            e3: 20.0.into(),
            nu12: 0.3.into(),
            nu23: 0.2.into(),
            nu31: 0.05.into(),
            g12: 30.0.into(),
            g23: 10.0.into(),
            g31: 12.0.into(),
            axes,
        }
    }

    fn stiffness(mut e: Elasticity) -> [f64; 36] {
        e.validate().unwrap();
        let mut c = [0.0; 36];
        e.at(20.0, &mut c);
        c
    }

    #[test]
    fn a_stress_along_axis_1_contracts_axis_2_by_nu12() {
        let c = stiffness(Elasticity::Orthotropic(Box::new(orthotropic(None))));
        // Strain of a unit stress along 1; e_33 = S31 = -nu31 / E3.
        let strain = [1.0 / 100.0, -0.3 / 100.0, -0.05 / 20.0, 0.0, 0.0, 0.0];
        let stress = super::super::tensor::apply(&c, &strain);
        for (s, expected) in stress.iter().zip([1.0, 0.0, 0.0, 0.0, 0.0, 0.0]) {
            assert!((s - expected).abs() < 1e-14);
        }
    }

    #[test]
    fn turning_the_axes_by_a_quarter_turn_swaps_moduli() {
        let quarter = [[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]];
        let c = stiffness(Elasticity::Orthotropic(Box::new(orthotropic(None))));
        let r = stiffness(Elasticity::Orthotropic(Box::new(orthotropic(Some(quarter)))));
        assert!((c[0] - r[7]).abs() < 1e-12 && (c[7] - r[0]).abs() < 1e-12);
        assert!(
            (c[28] - r[35]).abs() < 1e-12 && (c[35] - r[28]).abs() < 1e-12 && (c[21] - r[21]).abs() < 1e-12
        );
    }

    #[test]
    fn isotropy_is_invariant_under_rotation_and_a_case_of_cubic() {
        let iso = stiffness(Elasticity::Isotropic(Isotropic { young: 2e5.into(), poisson: 0.3.into() }));
        let (s, c) = 0.4f64.sin_cos();
        let axes = [[c, s * 0.6, s * 0.8], [-s, c * 0.6, c * 0.8], [0.0, -0.8, 0.6]];
        let cubic = stiffness(Elasticity::Cubic(Cubic {
            y1111: iso[0].into(),
            y1122: iso[1].into(),
            y1212: iso[21].into(),
            axes: Some(axes),
        }));
        for k in 0..36 {
            assert!((iso[k] - cubic[k]).abs() < 1e-9 * iso[0], "{k}");
        }
    }

    #[test]
    fn elasticity_without_positive_energy_is_refused() {
        let refused = |mut e: Elasticity| assert!(matches!(e.validate(), Err(LawError::Range { .. })));
        refused(Elasticity::Isotropic(Isotropic { young: 1.0.into(), poisson: 0.5.into() }));
        refused(Elasticity::Cubic(Cubic {
            y1111: 1.0.into(),
            y1122: 1.0.into(),
            y1212: 1.0.into(),
            axes: None,
        }));
        refused(Elasticity::Orthotropic(Box::new(Orthotropic { nu31: 0.5.into(), ..orthotropic(None) })));
        let skew = [[1.0, 0.0, 0.0], [0.3, 1.0, 0.0], [0.0, 0.0, 1.0]];
        refused(Elasticity::Orthotropic(Box::new(orthotropic(Some(skew)))));
    }
}
