package org.simreg.worker.weights.tensor;

import java.util.Locale;
import java.util.Optional;

/** Element type of a stored tensor. */
public enum DType {
    FLOAT32(4, "FloatStorage", "F32"),
    FLOAT16(2, "HalfStorage", "F16"),
    BFLOAT16(2, "BFloat16Storage", "BF16"),
    FLOAT64(8, "DoubleStorage", "F64"),
    INT64(8, "LongStorage", "I64"),
    INT32(4, "IntStorage", "I32"),
    INT16(2, "ShortStorage", "I16"),
    INT8(1, "CharStorage", "I8"),
    UINT8(1, "ByteStorage", "U8"),
    BOOL(1, "BoolStorage", "BOOL");

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
        return this == FLOAT32 || this == FLOAT16 || this == BFLOAT16 || this == FLOAT64;
    }

    /** Name of PyTorch's storage class in module {@code torch}: {@code FloatStorage}. */
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
            if (dtype.storage.equals(name)) {
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
