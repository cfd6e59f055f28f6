//! A reduced model into a file.

use super::mesh_write::{Layout, on_root, write_mesh};
use super::model::{ModelFields, ReducedModel};
use super::names::{StoreKind, encode};
use super::output::Output;
use super::rows::to_root;
use super::sets::all_names;
use super::writer::{Slot, declare_rows, write_rows, write_step, write_steps};
use crate::error::{Error, Result};
use crate::mesh::Subdomain;
use crate::parallel::{Comm, Wire, agree};
use hdf5::H5Type;
use std::path::Path;

impl ReducedModel {
    /// Writes the model: `points`, dual rows and face operators are this rank's share, `fields` belong to `sub`. The
    /// points are stored in the order of the elements of the whole structure, whatever rank brings them.
    ///
    /// Rank 0 holds each array of the reduced points once while it sorts it.
    ///
    /// # Errors
    /// Lengths that do not fit together, a point that two ranks bring; the file cannot be written (exit code 1). The
    /// same on every rank; a file that had the name before is then still there.
    ///
    /// # Collective
    pub fn write(&self, comm: &Comm, path: &Path, sub: &Subdomain, fields: &ModelFields<'_>) -> Result<()> {
        agree(comm, self.check(path, sub, fields))?;
        let opened = if comm.is_root() { Output::create(path, StoreKind::Model).map(Some) } else { Ok(None) };
        let mut out = agree(comm, opened)?;
        let layout = Layout::new(comm, &sub.mesh);
        write_mesh(comm, &mut out, &sub.mesh, &layout)?;
        self.write_modes(comm, &mut out, &layout, fields)?;
        on_root(comm, &mut out, |out| self.write_small(out))?;
        let order = self.write_points(comm, path, &mut out)?;
        self.write_duals(comm, &mut out, &layout, fields, &order)?;
        self.write_faces(comm, path, &mut out)?;
        agree(comm, out.take().map_or(Ok(()), Output::commit))
    }

    /// Lengths of this rank's arrays.
    fn check(&self, path: &Path, sub: &Subdomain, fields: &ModelFields<'_>) -> Result<()> {
        let (n, z, p) = (self.n_modes, self.points.len(), &self.points);
        let columns = n + self.lifts.len();
        let ragged = p.node_offsets.last().copied().unwrap_or(0) as usize;
        let mut due = vec![
            ("modes", fields.modes.len(), n),
            ("lifts", fields.lifts.len(), self.lifts.len()),
            ("dual bases", fields.duals.len(), self.duals.len()),
            ("points.element_index", p.element_index.len(), z),
            ("points.number", p.number.len(), z),
            ("points.x", p.x.len(), z),
            ("points.weight", p.weight.len(), z),
            ("points.material", p.material.len(), z),
            ("points.node_offsets", p.node_offsets.len(), z + 1),
            ("points.nodes", p.nodes.len(), ragged),
            ("points.shapes", p.shapes.len(), ragged),
            ("points.strain", p.strain.len(), z * columns * 6),
            ("loads.whole", self.loads.whole.len(), n * 12),
        ];
        due.extend(fields.modes.iter().map(|v| ("a mode", v.len(), 3 * sub.mesh.n_nodes())));
        due.extend(fields.lifts.iter().map(|v| ("a lift", v.len(), 3 * sub.mesh.n_nodes())));
        for (dual, basis) in self.duals.iter().zip(fields.duals) {
            due.push(("columns of a dual basis", basis.len(), dual.m));
            due.push(("dual rows", dual.rows.len(), z * dual.components * dual.m));
            let rows = sub.mesh.n_points() * dual.components;
            due.extend(basis.iter().map(|c| ("a column of a dual basis", c.len(), rows)));
        }
        for f in self.loads.faces.values() {
            due.push(("face normals", f.normal.len(), f.position.len() * n));
            due.push(("face areas", f.area.len(), f.position.len() * 3 * n));
        }
        due.extend(self.loads.elements.values().map(|v| ("element moments", v.len(), n * 12)));
        due.extend(self.loads.nodes.values().map(|v| ("node sums", v.len(), n * 3)));
        let tables = self.tables.values();
        due.extend(tables.map(|t| ("a table", t.values.len() % t.columns.max(1), 0)));
        let fail = |text: String| Err(Error::run(format!("{}: the model {text}", path.display())));
        match due.iter().find(|(_, given, due)| given != due) {
            Some((what, given, due)) => {
                fail(format!("cannot be stored: {what} have {given} values, {due} are due"))
            }
            None if n == 0 => fail("has no mode; there is nothing to store".to_owned()),
            None if !p.node_offsets.is_sorted() => {
                fail("cannot be stored: points.node_offsets do not grow".to_owned())
            }
            None => Ok(()),
        }
    }

    /// Modes as the steps of a VTKHDF history, so that ParaView shows mode `k` at time `k`; lifts likewise.
    fn write_modes(
        &self,
        comm: &Comm,
        out: &mut Option<Output>,
        layout: &Layout,
        fields: &ModelFields<'_>,
    ) -> Result<()> {
        let (mode, lift) = (Slot::point_data("mode", 3), Slot::point_data("lift", 3));
        let (n_rows, n_lifts) = (layout.nodes.total(), fields.lifts.len());
        on_root(comm, out, |out| {
            write_steps(out)?;
            out.group("VTKHDF/PointData")?;
            declare_rows(out, &mode, n_rows)?;
            if n_lifts > 0 { declare_rows(out, &lift, n_rows) } else { Ok(()) }
        })?;
        for (k, values) in fields.modes.iter().enumerate() {
            write_rows(comm, out, &mode, &layout.nodes, k, values)?;
        }
        for (k, values) in fields.lifts.iter().enumerate() {
            write_rows(comm, out, &lift, &layout.nodes, k, values)?;
        }
        let (n_modes, n_parts) = (fields.modes.len(), comm.size() as i64);
        on_root(comm, out, |out| {
            (0..n_modes).try_for_each(|k| write_step(out, k, (k + 1) as f64, n_parts))?;
            // ParaView wants a row for every step: steps beyond the lifts show the last one.
            if n_lifts > 0 {
                let rows: Vec<i64> =
                    (0..n_modes.max(n_lifts)).map(|k| (k.min(n_lifts - 1) * n_rows) as i64).collect();
                out.write("VTKHDF/Steps/PointDataOffsets/lift", &[0..rows.len()], &rows)?;
            }
            out.attribute("VTKHDF/Steps", "NSteps", &[n_modes as i64])
        })
    }

    /// Everything that is the same on all ranks.
    fn write_small(&self, out: &mut Output) -> Result<()> {
        out.text("ferrom/case", &self.case)?;
        out.text("ferrom/provenance", &self.provenance)?;
        let (group, n) = ("ferrom/model", self.n_modes);
        out.group(group)?;
        out.attribute(group, "n_modes", &[n as u64])?;
        out.attribute(group, "n_lifts", &[self.lifts.len() as u64])?;
        out.attribute(group, "volume", &[self.volume])?;
        out.text("ferrom/model/materials", &self.materials)?;
        out.text("ferrom/model/calibration", &self.calibration)?;
        let lifts =
            serde_json::to_string(&self.lifts).map_err(|e| Error::run(format!("lifts as JSON: {e}")))?;
        out.text("ferrom/model/lifts", &lifts)?;
        out.whole("ferrom/model/singular_values", &[self.singular_values.len()], &self.singular_values)?;
        out.group("ferrom/model/tolerances")?;
        for (name, value) in &self.tolerances {
            out.whole(&format!("ferrom/model/tolerances/{}", encode(name)), &[1], &[*value])?;
        }
        out.group("ferrom/model/tables")?;
        for (name, t) in &self.tables {
            let columns = t.columns.max(1);
            out.whole(
                &format!("ferrom/model/tables/{}", encode(name)),
                &[t.values.len() / columns, columns],
                &t.values,
            )?;
        }
        for group in ["", "/faces", "/elements", "/nodes"] {
            out.group(&format!("ferrom/model/loads{group}"))?;
        }
        out.whole("ferrom/model/loads/whole", &[n, 12], &self.loads.whole)?;
        for (name, values) in &self.loads.elements {
            out.whole(&format!("ferrom/model/loads/elements/{}", encode(name)), &[n, 12], values)?;
        }
        for (name, values) in &self.loads.nodes {
            out.whole(&format!("ferrom/model/loads/nodes/{}", encode(name)), &[n, 3], values)?;
        }
        Ok(())
    }

    /// The reduced points, sorted; returns the order, on rank 0.
    fn write_points(&self, comm: &Comm, path: &Path, out: &mut Option<Output>) -> Result<Vec<u32>> {
        let p = &self.points;
        let (index, _) = comm.gather(&p.element_index, 0);
        let (number, _) = comm.gather(&p.number, 0);
        let mut order: Vec<u32> = (0..number.len() as u32).collect();
        let key = |i: u32| (index[i as usize], number[i as usize]);
        order.sort_by_key(|&i| key(i));
        let twice = order.windows(2).find(|w| key(w[0]) == key(w[1])).map(|w| key(w[0]));
        agree(
            comm,
            match twice {
                None => Ok(()),
                Some((e, point)) => {
                    let text =
                        format!("point {} of the element at position {e} is in the model twice", point + 1);
                    Err(Error::run(format!("{}: {text}", path.display())))
                }
            },
        )?;
        on_root(comm, out, |out| out.group("ferrom/model/points"))?;
        let columns = self.n_modes + self.lifts.len();
        sorted(comm, out, &order, "points/element_id", &[], &p.element_id)?;
        sorted(comm, out, &order, "points/element_index", &[], &p.element_index)?;
        sorted(comm, out, &order, "points/number", &[], &p.number)?;
        sorted(comm, out, &order, "points/x", &[3], p.x.as_flattened())?;
        sorted(comm, out, &order, "points/weight", &[], &p.weight)?;
        sorted(comm, out, &order, "points/material", &[], &p.material)?;
        sorted(comm, out, &order, "points/strain", &[columns, 6], &p.strain)?;
        // The ragged lists: lengths first, then the lists one after the other in the new order.
        let lengths: Vec<u64> = p.node_offsets.windows(2).map(|w| w[1] - w[0]).collect();
        let (lengths, _) = comm.gather(&lengths, 0);
        let (nodes, _) = comm.gather(&p.nodes, 0);
        let (shapes, _) = comm.gather(&p.shapes, 0);
        on_root(comm, out, |out| {
            let mut starts = vec![0usize];
            lengths.iter().for_each(|n| starts.push(starts[starts.len() - 1] + *n as usize));
            let mut offsets = vec![0u64];
            order.iter().for_each(|&i| offsets.push(offsets[offsets.len() - 1] + lengths[i as usize]));
            let rows = || order.iter().map(|&i| starts[i as usize]..starts[i as usize + 1]);
            let nodes: Vec<u64> = rows().flat_map(|r| nodes[r].iter().copied()).collect();
            let shapes: Vec<f64> = rows().flat_map(|r| shapes[r].iter().copied()).collect();
            out.whole("ferrom/model/points/node_offsets", &[offsets.len()], &offsets)?;
            out.whole("ferrom/model/points/nodes", &[nodes.len()], &nodes)?;
            out.whole("ferrom/model/points/shapes", &[shapes.len()], &shapes)
        })?;
        Ok(order)
    }

    fn write_duals(
        &self,
        comm: &Comm,
        out: &mut Option<Output>,
        layout: &Layout,
        fields: &ModelFields<'_>,
        order: &[u32],
    ) -> Result<()> {
        on_root(comm, out, |out| out.group("ferrom/model/dual"))?;
        for (dual, basis) in self.duals.iter().zip(fields.duals) {
            let (link, c, m) = (encode(&dual.name), dual.components, dual.m);
            let group = format!("ferrom/model/dual/{link}");
            let name = format!("{group}/basis");
            let rows = layout.points.total();
            on_root(comm, out, |out| {
                out.group(&group)?;
                out.attribute(&group, "q_max", &[dual.q_max])?;
                out.attribute(&group, "q_max_l2", &[dual.q_max_l2])?;
                out.whole(
                    &format!("{group}/singular_values"),
                    &[dual.singular_values.len()],
                    &dual.singular_values,
                )?;
                // Growing, so that a chunk never spans two columns of a large mesh.
                out.dataset::<f64>(&name, &[0, rows, c], true, 1)
            })?;
            for (k, column) in basis.iter().enumerate() {
                to_root(comm, &layout.points, c, column, |rows, values| match out {
                    Some(out) => out.write(&name, &[k..k + 1, rows, 0..c], values),
                    None => Ok(()),
                })?;
            }
            on_root(comm, out, |out| out.close(&name))?;
            sorted(comm, out, order, &format!("dual/{link}/rows"), &[c, m], &dual.rows)?;
        }
        Ok(())
    }

    fn write_faces(&self, comm: &Comm, path: &Path, out: &mut Option<Output>) -> Result<()> {
        for name in all_names(comm, self.loads.faces.keys()) {
            let none = super::model::FaceOperator::default();
            let mine = self.loads.faces.get(&name).unwrap_or(&none);
            let (position, _) = comm.gather(&mine.position, 0);
            let mut order: Vec<u32> = (0..position.len() as u32).collect();
            order.sort_by_key(|&i| position[i as usize]);
            let twice = order.windows(2).find(|w| position[w[0] as usize] == position[w[1] as usize]);
            agree(
                comm,
                match twice {
                    None => Ok(()),
                    Some(w) => {
                        let text =
                            format!("face {} of set '{name}' is in the model twice", position[w[0] as usize]);
                        Err(Error::run(format!("{}: {text}", path.display())))
                    }
                },
            )?;
            let group = format!("loads/faces/{}", encode(&name));
            on_root(comm, out, |out| out.group(&format!("ferrom/model/{group}")))?;
            let n = self.n_modes;
            sorted(comm, out, &order, &format!("{group}/position"), &[], &mine.position)?;
            sorted(comm, out, &order, &format!("{group}/normal"), &[n], &mine.normal)?;
            sorted(comm, out, &order, &format!("{group}/area"), &[3, n], &mine.area)?;
        }
        Ok(())
    }
}

/// Gathers rows of shape `inner` and writes them to `ferrom/model/<name>` in the order that rank 0 knows.
///
/// # Collective
fn sorted<T: Wire + H5Type>(
    comm: &Comm,
    out: &mut Option<Output>,
    order: &[u32],
    name: &str,
    inner: &[usize],
    mine: &[T],
) -> Result<()> {
    let width: usize = inner.iter().product();
    let (all, _) = comm.gather(mine, 0);
    on_root(comm, out, |out| {
        let mut shape = vec![order.len()];
        shape.extend_from_slice(inner);
        let rows =
            order.iter().flat_map(|&i| all[i as usize * width..(i as usize + 1) * width].iter().copied());
        out.whole(&format!("ferrom/model/{name}"), &shape, &rows.collect::<Vec<T>>())
    })
}
