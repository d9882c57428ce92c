//! One LanceDB table in one folder: ids and vectors, nothing else.

use arrow_array::builder::{FixedSizeListBuilder, Float16Builder};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, UInt32Type};
use arrow_array::{RecordBatch, UInt32Array};
use arrow_schema::{DataType, Field, Schema};
use docmind_core::chunk::ChunkId;
use docmind_core::embedding::Embedding;
use futures::TryStreamExt;
use lancedb::index::Index;
use lancedb::index::vector::IvfHnswSqIndexBuilder;
use lancedb::query::{ExecutableQuery, QueryBase, Select};
use lancedb::table::{CompactionOptions, Duration, OptimizeAction, OptimizeOptions};
use lancedb::{DistanceType, ObjectStoreRegistry, Session, Table};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const TABLE: &str = "chunks";
/// LanceDB names the index of a column so.
const ANN: &str = "vector_idx";
/// The caches default to 6 GiB and 1 GiB. The partitions of 100,000 vectors of 384 dimensions take some 70 MiB.
const INDEX_CACHE_BYTES: usize = 128 << 20;
const METADATA_CACHE_BYTES: usize = 16 << 20;
/// Ids in one predicate.
const DELETED_AT_ONCE: usize = 2000;
/// Partitions of the index that are searched.
const PROBES: usize = 20;

/// An open table. Clones share it.
#[derive(Clone)]
pub(super) struct LanceTable {
    folder: PathBuf,
    dimensions: i32,
    table: Table,
}

/// How the rows are searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// Row by row: true cosines.
    Flat,
    /// By the graph, on vectors of one byte a dimension: cosines are approximate.
    Graph,
}

/// A hit as the index sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hint {
    pub(super) id: ChunkId,
    pub(super) cosine: f32,
}

impl LanceTable {
    /// Makes an empty table in a folder that exists.
    pub(super) async fn create(folder: &Path, dimensions: u32) -> lancedb::Result<Self> {
        let dimensions =
            i32::try_from(dimensions).map_err(|_| refused("a vector of over two thousand million dimensions"))?;
        let connection = connect(folder).await?;
        let table = connection
            .create_empty_table(TABLE, schema(dimensions))
            .execute()
            .await?;
        Ok(Self {
            folder: folder.to_owned(),
            dimensions,
            table,
        })
    }

    /// Opens the table of a folder.
    pub(super) async fn open(folder: &Path, dimensions: u32) -> lancedb::Result<Self> {
        let dimensions =
            i32::try_from(dimensions).map_err(|_| refused("a vector of over two thousand million dimensions"))?;
        let table = connect(folder).await?.open_table(TABLE).execute().await?;
        let found = table.schema().await?;
        if found.as_ref() != schema(dimensions).as_ref() {
            return Err(refused("columns other than ids and vectors"));
        }
        Ok(Self {
            folder: folder.to_owned(),
            dimensions,
            table,
        })
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Adds rows, one commit.
    pub(super) async fn add(&self, rows: &[(ChunkId, Embedding)]) -> lancedb::Result<()> {
        let ids = UInt32Array::from_iter_values(rows.iter().map(|(id, _)| id.0));
        let values = Float16Builder::with_capacity(rows.len() * self.dimensions as usize);
        let mut vectors = FixedSizeListBuilder::with_capacity(values, self.dimensions, rows.len()).with_field(item());
        for (_, vector) in rows {
            if vector.0.len() != self.dimensions as usize {
                return Err(refused("a vector of another length"));
            }
            vectors.values().append_slice(&vector.0);
            vectors.append(true);
        }
        let batch = RecordBatch::try_new(schema(self.dimensions), vec![Arc::new(ids), Arc::new(vectors.finish())])?;
        self.table.add(batch).execute().await?;
        Ok(())
    }

    /// Deletes rows by id, a commit for every few thousand.
    pub(super) async fn delete(&self, ids: &[u32]) -> lancedb::Result<()> {
        for ids in ids.chunks(DELETED_AT_ONCE) {
            let list: Vec<String> = ids.iter().map(u32::to_string).collect();
            self.table.delete(&format!("id IN ({})", list.join(", "))).await?;
        }
        Ok(())
    }

    /// All ids, in no order.
    pub(super) async fn ids(&self) -> lancedb::Result<Vec<u32>> {
        let mut stream = self.table.query().select(Select::columns(&["id"])).execute().await?;
        let mut ids = Vec::new();
        while let Some(batch) = stream.try_next().await? {
            ids.extend_from_slice(id_column(&batch)?.values());
        }
        Ok(ids)
    }

    pub(super) async fn rows(&self) -> lancedb::Result<usize> {
        self.table.count_rows(None).await
    }

    /// The nearest by cosine, best first.
    pub(super) async fn search(&self, query: &Embedding, limit: usize, reach: Reach) -> lancedb::Result<Vec<Hint>> {
        let mut search = self
            .table
            .query()
            .nearest_to(query.0.as_slice())?
            .column("vector")
            .distance_type(DistanceType::Cosine)
            .limit(limit)
            .select(Select::columns(&["id", "_distance"]));
        search = match reach {
            Reach::Flat => search.bypass_vector_index(),
            Reach::Graph => search.nprobes(PROBES)?,
        };
        let mut stream = search.execute().await?;
        let mut hints = Vec::with_capacity(limit);
        while let Some(batch) = stream.try_next().await? {
            let distances = batch
                .column_by_name("_distance")
                .and_then(|column| column.as_primitive_opt::<Float32Type>());
            let distances = distances.ok_or_else(|| refused("a result without distances"))?;
            let ids = id_column(&batch)?;
            hints.extend(ids.values().iter().zip(distances.values()).map(|(id, distance)| Hint {
                id: ChunkId(*id),
                cosine: 1.0 - distance,
            }));
        }
        Ok(hints)
    }

    /// Rows the graph does not cover; `None` without a graph.
    pub(super) async fn rows_outside_graph(&self) -> lancedb::Result<Option<GraphCover>> {
        let stats = self.table.index_stats(ANN).await?;
        Ok(stats.map(|stats| GraphCover {
            outside: stats.num_unindexed_rows,
            parts: stats.num_indices.unwrap_or(1),
        }))
    }

    /// Builds the graph over all rows.
    pub(super) async fn build_graph(&self) -> lancedb::Result<()> {
        let builder = IvfHnswSqIndexBuilder::default().distance_type(DistanceType::Cosine);
        self.table
            .create_index(&["vector"], Index::IvfHnswSq(builder))
            .replace(true)
            .execute()
            .await
    }

    /// Adds the rows outside the graph to it as a part of their own.
    pub(super) async fn extend_graph(&self) -> lancedb::Result<()> {
        self.table
            .optimize(OptimizeAction::Index(OptimizeOptions::append()))
            .await?;
        Ok(())
    }

    /// Merges small files.
    pub(super) async fn compact(&self) -> lancedb::Result<()> {
        let options = CompactionOptions {
            num_threads: Some(1),
            ..CompactionOptions::default()
        };
        self.merge(options).await
    }

    /// Rewrites every file that holds a deleted row, so that nothing of it is left once old versions are pruned.
    pub(super) async fn rewrite_deleted(&self) -> lancedb::Result<()> {
        let options = CompactionOptions {
            num_threads: Some(1),
            materialize_deletions: true,
            materialize_deletions_threshold: 0.0,
            ..CompactionOptions::default()
        };
        self.merge(options).await
    }

    async fn merge(&self, options: CompactionOptions) -> lancedb::Result<()> {
        self.table
            .optimize(OptimizeAction::Compact {
                options,
                remap_options: None,
            })
            .await?;
        Ok(())
    }

    /// Deletes versions older than so many seconds. Ours is the only process that writes, so that files without a version are
    /// leftovers.
    pub(super) async fn prune(&self, older_than_s: i64) -> lancedb::Result<()> {
        let action = OptimizeAction::Prune {
            older_than: Some(Duration::seconds(older_than_s)),
            delete_unverified: Some(true),
            error_if_tagged_old_versions: None,
        };
        self.table.optimize(action).await?;
        Ok(())
    }
}

/// What the graph covers.
#[derive(Clone, Copy, Debug)]
pub(super) struct GraphCover {
    /// Rows searched one by one beside it.
    pub(super) outside: usize,
    /// Parts it consists of.
    pub(super) parts: u32,
}

async fn connect(folder: &Path) -> lancedb::Result<lancedb::Connection> {
    let uri = folder
        .to_str()
        .ok_or_else(|| refused("a folder whose name is no text"))?;
    let session = Session::new(
        INDEX_CACHE_BYTES,
        METADATA_CACHE_BYTES,
        Arc::new(ObjectStoreRegistry::default()),
    );
    lancedb::connect(uri).session(Arc::new(session)).execute().await
}

fn schema(dimensions: i32) -> Arc<Schema> {
    let vector = DataType::FixedSizeList(item(), dimensions);
    Arc::new(Schema::new(vec![
        Field::new("id", DataType::UInt32, false),
        Field::new("vector", vector, false),
    ]))
}

fn item() -> Arc<Field> {
    Arc::new(Field::new("item", DataType::Float16, true))
}

fn id_column(batch: &RecordBatch) -> lancedb::Result<&UInt32Array> {
    batch
        .column_by_name("id")
        .and_then(|column| column.as_primitive_opt::<UInt32Type>())
        .ok_or_else(|| refused("a result without ids"))
}

fn refused(what: &str) -> lancedb::Error {
    lancedb::Error::InvalidInput {
        message: what.to_owned(),
    }
}
