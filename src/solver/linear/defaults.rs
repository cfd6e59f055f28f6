//! The options of the solver: the user's, and the defaults that the parent module's documentation lists.

use super::{LinearOptions, PREFIX};

/// Extra workspace of MUMPS, per cent, in the order tried.
pub(super) const WORKSPACES: [u32; 4] = [100, 200, 400, 800];

/// What the defaults depend on besides the user's settings.
#[derive(Debug, Clone, Copy)]
pub(super) struct Method {
    /// A factorisation, alone or as preconditioner.
    pub direct: bool,
    /// K is symmetric and, as far as known, positive definite.
    pub definite: bool,
    /// CHOLMOD factorises.
    pub cholmod: bool,
}

/// The user's options, then the defaults of the module's documentation: the first of one name counts. A larger
/// workspace after a failure comes before both.
pub(super) fn option_list(
    settings: &LinearOptions,
    method: Method,
    workspace: usize,
    several_ranks: bool,
) -> Vec<(String, Option<String>)> {
    let Method { direct, definite, cholmod } = method;
    let extra = (full_name("mat_mumps_icntl_14"), Some(WORKSPACES[workspace].to_string()));
    let mut list = Vec::new();
    if workspace > 0 {
        list.push(extra.clone());
    }
    list.extend(settings.options.iter().map(|(k, v)| (full_name(k), v.clone())));
    if direct && !cholmod {
        list.push(extra);
    }
    let mut default = |key: &str, value: &str| list.push((full_name(key), Some(value.to_string())));
    if direct {
        if !settings.lagged {
            default("ksp_type", "preonly");
        }
        default("pc_type", if settings.symmetric || settings.lagged { "cholesky" } else { "lu" });
        default("pc_factor_mat_solver_type", if cholmod { "cholmod" } else { "mumps" });
        if cholmod {
            // a matrix that is not positive definite is told of and dealt with here; it would print to standard output
            default("mat_cholmod_print", "0");
        }
    }
    if settings.lagged || !direct {
        default("ksp_norm_type", "unpreconditioned");
        default("ksp_rtol", &format!("{:e}", settings.rtol));
        default("ksp_max_it", "2000");
        if definite {
            default("ksp_type", "cg");
        } else {
            // flexible: it keeps the preconditioned directions, and spares the preconditioner at the end
            default("ksp_type", "fgmres");
            default("ksp_gmres_restart", "100");
        }
    }
    if !direct {
        default("pc_type", "gamg");
        default("pc_gamg_reuse_interpolation", "true");
        if settings.lagged {
            // room for eigenvalues that grow while the levels are kept: plastic tangents have larger ones over their
            // diagonal, and a smoother that amplifies is no longer positive definite
            default("mg_levels_ksp_chebyshev_esteig", "0,0.1,0,1.5");
        }
        if settings.reproducible && several_ranks {
            // PETSc knows this way for distributed matrices only
            default("-matptap_via", "allatonce");
        }
    }
    list
}

/// The name of an option with its `-` and, unless given so, the prefix.
pub(super) fn full_name(key: &str) -> String {
    if key.starts_with('-') {
        key.to_string()
    } else if key.starts_with(PREFIX) {
        format!("-{key}")
    } else {
        format!("-{PREFIX}{key}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn option_names_get_the_prefix_once() {
        for (given, expected) in [
            ("ksp_type", "-ferrom_ksp_type"),
            ("ferrom_ksp_type", "-ferrom_ksp_type"),
            ("-ferrom_ksp_type", "-ferrom_ksp_type"),
            ("-log_view", "-log_view"),
        ] {
            assert_eq!(full_name(given), expected);
        }
    }
}
