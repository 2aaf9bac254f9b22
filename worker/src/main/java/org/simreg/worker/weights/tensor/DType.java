package org.simreg.worker.weights.tensor;

import java.util.Locale;
import java.util.Optional;

/** Element type of a stored tensor. */
public enum DType {
    FLOAT32(4, "FloatStorage", "F32"),
    FLOAT16(2, "HalfStorage", "F16"),
    BFLOAT16(2, "BFloat16Storage", "BF16"),
    FLOAT64(8, "DoubleStorage", "F64"),
    FLOAT8_E4M3FN(1, "", "F8_E4M3"),
    FLOAT8_E5M2(1, "", "F8_E5M2"),
    FLOAT8_E4M3FNUZ(1, "", "F8_E4M3FNUZ"),
    FLOAT8_E5M2FNUZ(1, "", "F8_E5M2FNUZ"),
    INT64(8, "LongStorage", "I64"),
    INT32(4, "IntStorage", "I32"),
    INT16(2, "ShortStorage", "I16"),
    INT8(1, "CharStorage", "I8"),
    UINT8(1, "ByteStorage", "U8"),
    BOOL(1, "BoolStorage", "BOOL"),
    UINT16(2, "", "U16"),
    UINT32(4, "", "U32"),
    UINT64(8, "", "U64"),
    COMPLEX64(8, "ComplexFloatStorage", "C64"),
    COMPLEX128(16, "ComplexDoubleStorage", "C128");

    private final int bytes;
    private final String storage;
    private final String safetensors;

    DType(int bytes, String storage, String safetensors) {
        this.bytes = bytes;
        this.storage = storage;
        this.safetensors = safetensors;
    }

    /** Size of an element in bytes. */
    public int bytes() {
        return bytes;
    }

    /** Whether {@link HostTensor#floats()} converts it. */
    public boolean isFloat() {
        return switch (this) {
            case FLOAT32, FLOAT16, BFLOAT16, FLOAT64 -> true;
            case FLOAT8_E4M3FN, FLOAT8_E5M2, FLOAT8_E4M3FNUZ, FLOAT8_E5M2FNUZ -> true;
            default -> false;
        };
    }

    /** Name of PyTorch's storage class in module {@code torch}: {@code FloatStorage}; empty for types that have none. */
    public String storage() {
        return storage;
    }

    /** Name in a safetensors header: {@code F32}. */
    public String safetensors() {
        return safetensors;
    }

    /** The type of PyTorch's storage class, {@code FloatStorage}; empty if it is none of these. */
    public static Optional<DType> ofStorage(String name) {
        for (DType dtype : values()) {
            if (!name.isEmpty() && dtype.storage.equals(name)) {
                return Optional.of(dtype);
            }
        }
        return Optional.empty();
    }

    /** The type of a safetensors name, {@code F32}; empty if it is none of these. */
    public static Optional<DType> ofSafetensors(String name) {
        for (DType dtype : values()) {
            if (dtype.safetensors.equals(name)) {
                return Optional.of(dtype);
            }
        }
        return Optional.empty();
    }

    /** The type of torch's name, {@code bfloat16}; empty if it is none of these. */
    public static Optional<DType> ofTorch(String name) {
        for (DType dtype : values()) {
            if (dtype.name().toLowerCase(Locale.ROOT).equals(name)) {
                return Optional.of(dtype);
            }
        }
        return Optional.empty();
    }
}
