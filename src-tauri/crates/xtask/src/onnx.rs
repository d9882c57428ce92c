//! Writes ONNX models: the few protobuf messages a transformer needs, nothing more.
//!
//! Field numbers are those of `onnx.proto3` (ONNX 1.17, IR version 10). Fused operators come from ONNX Runtime's own
//! `com.microsoft` domain, so that neither speed nor numbers depend on whether an optimiser recognises a pattern.

/// Element type of a tensor, with its number in `onnx.TensorProto.DataType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ElementType {
    /// IEEE single.
    Float = 1,
    /// Signed byte.
    Int8 = 3,
    /// 32-bit integer.
    Int32 = 6,
    /// 64-bit integer.
    Int64 = 7,
    /// IEEE half.
    Float16 = 10,
}

/// One attribute of a node.
#[derive(Clone, Copy, Debug)]
pub enum Attribute {
    /// `FLOAT`.
    Float(f32),
    /// `INT`.
    Int(i64),
}

/// Which operator set a node's operator belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Domain {
    /// The standard's.
    Onnx,
    /// ONNX Runtime's fused operators.
    Microsoft,
}

/// One dimension of an input or output.
#[derive(Clone, Copy, Debug)]
pub enum Dimension<'a> {
    /// Known now.
    Fixed(i64),
    /// Known at run time.
    Named(&'a str),
}

/// A graph under construction; nodes are added in the order in which they run.
#[derive(Debug, Default)]
pub struct Graph {
    nodes: Vec<u8>,
    initializers: Vec<u8>,
    inputs: Vec<u8>,
    outputs: Vec<u8>,
    count: usize,
}

impl Graph {
    /// Declares an input.
    pub fn input(&mut self, name: &str, element: ElementType, shape: &[Dimension<'_>]) {
        put_message(&mut self.inputs, 11, &value_info(name, element, shape));
    }

    /// Declares an output.
    pub fn output(&mut self, name: &str, element: ElementType, shape: &[Dimension<'_>]) {
        put_message(&mut self.outputs, 12, &value_info(name, element, shape));
    }

    /// Adds a constant; `data` is little-endian, row-major.
    pub fn constant(&mut self, name: &str, element: ElementType, shape: &[usize], data: &[u8]) {
        let mut tensor = Vec::with_capacity(data.len() + 64);
        for dimension in shape {
            put_int(&mut tensor, 1, *dimension as u64);
        }
        put_int(&mut tensor, 2, element as u64);
        put_message(&mut tensor, 8, name.as_bytes());
        put_message(&mut tensor, 9, data);
        put_message(&mut self.initializers, 5, &tensor);
    }

    /// Adds a node; an empty input name leaves that input out, an empty output name drops that output.
    pub fn node(
        &mut self,
        domain: Domain,
        operator: &str,
        inputs: &[&str],
        outputs: &[&str],
        attributes: &[(&str, Attribute)],
    ) {
        let mut node = Vec::new();
        for input in inputs {
            put_message(&mut node, 1, input.as_bytes());
        }
        for output in outputs {
            put_message(&mut node, 2, output.as_bytes());
        }
        put_message(&mut node, 3, format!("{operator}_{}", self.count).as_bytes());
        put_message(&mut node, 4, operator.as_bytes());
        for (name, value) in attributes {
            let mut attribute = Vec::new();
            put_message(&mut attribute, 1, name.as_bytes());
            match value {
                Attribute::Float(value) => {
                    put_key(&mut attribute, 2, 5);
                    attribute.extend_from_slice(&value.to_le_bytes());
                    put_int(&mut attribute, 20, 1);
                }
                Attribute::Int(value) => {
                    put_int(&mut attribute, 3, value.cast_unsigned());
                    put_int(&mut attribute, 20, 2);
                }
            }
            put_message(&mut node, 5, &attribute);
        }
        if domain == Domain::Microsoft {
            put_message(&mut node, 7, b"com.microsoft");
        }
        put_message(&mut self.nodes, 1, &node);
        self.count += 1;
    }

    /// The whole model as a file's bytes: IR version 10, operator set 17, `com.microsoft` 1.
    pub fn into_model(self, name: &str) -> Vec<u8> {
        let mut graph = self.nodes;
        put_message(&mut graph, 2, name.as_bytes());
        graph.extend_from_slice(&self.initializers);
        graph.extend_from_slice(&self.inputs);
        graph.extend_from_slice(&self.outputs);

        let mut model = Vec::with_capacity(graph.len() + 64);
        put_int(&mut model, 1, 10);
        put_message(&mut model, 2, b"docmind");
        for (domain, version) in [("", 17), ("com.microsoft", 1)] {
            let mut operators = Vec::new();
            put_message(&mut operators, 1, domain.as_bytes());
            put_int(&mut operators, 2, version);
            put_message(&mut model, 8, &operators);
        }
        put_message(&mut model, 7, &graph);
        model
    }
}

fn value_info(name: &str, element: ElementType, shape: &[Dimension<'_>]) -> Vec<u8> {
    let mut dimensions = Vec::new();
    for dimension in shape {
        let mut one = Vec::new();
        match dimension {
            Dimension::Fixed(value) => put_int(&mut one, 1, value.cast_unsigned()),
            Dimension::Named(name) => put_message(&mut one, 2, name.as_bytes()),
        }
        put_message(&mut dimensions, 1, &one);
    }
    let mut tensor = Vec::new();
    put_int(&mut tensor, 1, element as u64);
    put_message(&mut tensor, 2, &dimensions);
    let mut kind = Vec::new();
    put_message(&mut kind, 1, &tensor);
    let mut info = Vec::new();
    put_message(&mut info, 1, name.as_bytes());
    put_message(&mut info, 2, &kind);
    info
}

fn put_key(out: &mut Vec<u8>, field: u64, wire_type: u64) {
    put_varint(out, field << 3 | wire_type);
}

fn put_int(out: &mut Vec<u8>, field: u64, value: u64) {
    put_key(out, field, 0);
    put_varint(out, value);
}

fn put_message(out: &mut Vec<u8>, field: u64, bytes: &[u8]) {
    put_key(out, field, 2);
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_are_base_128_little_endian() {
        let mut out = Vec::new();
        put_varint(&mut out, 300);
        assert_eq!(out, [0xac, 0x02]);
    }

    #[test]
    fn a_tensor_is_encoded_field_by_field() {
        let mut graph = Graph::default();
        graph.constant("w", ElementType::Int8, &[2], &[1, 255]);
        assert_eq!(
            graph.initializers,
            [
                (5 << 3) | 2,
                11,
                1 << 3,
                2,
                2 << 3,
                3,
                (8 << 3) | 2,
                1,
                b'w',
                (9 << 3) | 2,
                2,
                1,
                255
            ]
        );
    }
}
