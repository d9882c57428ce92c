//! Storage types of tensors.

/// Declares the types once: name, number in the file, values a block, bytes a block (from ggml's `ggml-common.h`).
macro_rules! tensor_types {
    ($($name:ident = $number:literal, $values:literal, $bytes:literal;)*) => {
        /// Storage type of a tensor, as ggml names them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[expect(non_camel_case_types, missing_docs, reason = "ggml's own names")]
        pub enum TensorType { $($name = $number),* }

        impl TensorType {
            /// Every type this version of llama.cpp reads.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The type of that number.
            pub fn from_number(number: u32) -> Option<Self> {
                match number { $($number => Some(Self::$name),)* _ => None }
            }

            /// Values in a block.
            pub fn block_values(self) -> u64 {
                match self { $(Self::$name => $values),* }
            }

            /// Bytes of a block.
            pub fn block_bytes(self) -> u64 {
                match self { $(Self::$name => $bytes),* }
            }
        }
    };
}

tensor_types! {
    F32 = 0, 1, 4;
    F16 = 1, 1, 2;
    Q4_0 = 2, 32, 18;
    Q4_1 = 3, 32, 20;
    Q5_0 = 6, 32, 22;
    Q5_1 = 7, 32, 24;
    Q8_0 = 8, 32, 34;
    Q8_1 = 9, 32, 36;
    Q2_K = 10, 256, 84;
    Q3_K = 11, 256, 110;
    Q4_K = 12, 256, 144;
    Q5_K = 13, 256, 176;
    Q6_K = 14, 256, 210;
    Q8_K = 15, 256, 292;
    IQ2_XXS = 16, 256, 66;
    IQ2_XS = 17, 256, 74;
    IQ3_XXS = 18, 256, 98;
    IQ1_S = 19, 256, 50;
    IQ4_NL = 20, 32, 18;
    IQ3_S = 21, 256, 110;
    IQ2_S = 22, 256, 82;
    IQ4_XS = 23, 256, 136;
    I8 = 24, 1, 1;
    I16 = 25, 1, 2;
    I32 = 26, 1, 4;
    I64 = 27, 1, 8;
    F64 = 28, 1, 8;
    IQ1_M = 29, 256, 56;
    BF16 = 30, 1, 2;
    TQ1_0 = 34, 256, 54;
    TQ2_0 = 35, 256, 66;
    MXFP4 = 39, 32, 17;
    NVFP4 = 40, 64, 36;
    Q1_0 = 41, 128, 18;
    Q2_0 = 42, 64, 18;
}

impl TensorType {
    /// Bytes of `values` values in rows of `row`; `None` where a row is not whole blocks or the sum overflows.
    pub fn bytes(self, row: u64, values: u64) -> Option<u64> {
        if !row.is_multiple_of(self.block_values()) {
            return None;
        }
        (values / self.block_values()).checked_mul(self.block_bytes())
    }
}

#[cfg(test)]
#[expect(unsafe_code, reason = "ggml's own table of types is a C interface")]
mod tests {
    use super::*;
    use llama_cpp_sys_2 as sys;

    #[test]
    fn numbers_and_types_agree_both_ways() {
        for &kind in TensorType::ALL {
            assert_eq!(TensorType::from_number(kind as u32), Some(kind));
        }
        assert_eq!(TensorType::from_number(4), None);
        assert_eq!(TensorType::from_number(31), None);
    }

    #[test]
    fn types_and_sizes_are_those_of_the_bundled_ggml() {
        for number in 0..sys::GGML_TYPE_COUNT {
            // SAFETY: both look a number below the count up in a table.
            let (values, bytes) = unsafe { (sys::ggml_blck_size(number), sys::ggml_type_size(number)) };
            let ours = TensorType::from_number(number).map(|kind| (kind.block_values(), kind.block_bytes()));
            // Types taken out of ggml have no size any more.
            let theirs = (values > 0 && bytes > 0).then_some((values as u64, bytes as u64));
            assert_eq!(ours, theirs, "type {number}");
        }
    }

    #[test]
    fn a_row_is_whole_blocks() {
        assert_eq!(TensorType::Q4_K.bytes(2560, 2560 * 10), Some(100 * 144));
        assert_eq!(TensorType::Q4_K.bytes(100, 1000), None);
    }
}
