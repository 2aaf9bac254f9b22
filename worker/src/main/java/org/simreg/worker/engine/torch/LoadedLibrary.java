package org.simreg.worker.engine.torch;

import ai.djl.ndarray.NDArray;
import ai.djl.pytorch.engine.PtNDArray;
import com.sun.jna.Function;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The lookup of shared libraries that this process has loaded, and of their functions by name, for calls that DJL
 * doesn't offer. Linux only; elsewhere none is found.
 */
final class LoadedLibrary {
    private static final Path MAPS = Path.of("/proc/self/maps");
    /** SHT_SYMTAB. */
    private static final int SYMBOLS = 2;
    /** An Elf64_Sym. */
    private static final int SYMBOL_BYTES = 24;

    private LoadedLibrary() {}

    /**
     * A library of this process.
     *
     * @param name of its file without {@code lib} and from {@code .so} on without version: {@code torch_cpu}; wheels put
     *     a digest behind it ({@code libcudart-1b2c.so.12})
     * @return empty if none of that name is loaded
     */
    static Optional<NativeLibrary> named(String name) {
        return paths(name).stream().findFirst().map(NativeLibrary::getInstance);
    }

    /**
     * A library of this process that another one has loaded with it: of several of its name the one that lies nearest.
     *
     * @param other the name of the other; without it there is none
     */
    static Optional<NativeLibrary> beside(String other, String name) {
        return paths(other).stream()
                .findFirst()
                .flatMap(near -> paths(name).stream()
                        .max(Comparator.comparingInt(path -> alike(path, near)))
                        .map(NativeLibrary::getInstance));
    }

    /** The address of a tensor's values ({@code at::TensorBase::mutable_data_ptr}), of uint8, float32 or float64. */
    static long data(NDArray array) {
        String type = switch (array.getDataType()) {
            case UINT8 -> "h";
            case FLOAT32 -> "f";
            case FLOAT64 -> "d";
            default -> throw new IllegalArgumentException("values of " + array.getDataType());
        };
        Function values = Tensors.TORCH.getFunction("_ZNK2at10TensorBase16mutable_data_ptrI" + type + "EEPT_v");
        long tensor = ((PtNDArray) array).getHandle();
        return Pointer.nativeValue(values.invokePointer(new Object[] {new Pointer(tensor)}));
    }

    /** libtorch, found once. */
    private static final class Tensors {
        private static final NativeLibrary TORCH =
                named("torch_cpu").orElseThrow(() -> new IllegalStateException("libtorch is not loaded"));
    }

    /**
     * Functions that a library keeps to itself, by the table of all its symbols ({@code .symtab} of a 64-bit ELF file),
     * which files that were stripped lack.
     *
     * @param exported a function that the library exports
     * @param hidden the symbols of the others
     * @return in their order; empty if the file lacks one of the symbols
     */
    static List<Function> hidden(NativeLibrary library, String exported, String... hidden) throws IOException {
        try (FileChannel file = FileChannel.open(library.getFile().toPath())) {
            ByteBuffer elf = file.map(FileChannel.MapMode.READ_ONLY, 0, Math.min(file.size(), Integer.MAX_VALUE))
                    .order(ByteOrder.LITTLE_ENDIAN);
            List<String> names = new ArrayList<>(List.of(exported));
            names.addAll(List.of(hidden));
            long[] values = symbols(elf, names);
            if (Arrays.stream(values).anyMatch(value -> value == 0)) {
                return List.of();
            }
            long base = Pointer.nativeValue(library.getFunction(exported)) - values[0];
            return Arrays.stream(values)
                    .skip(1)
                    .mapToObj(value -> Function.getFunction(new Pointer(base + value)))
                    .toList();
        }
    }

    /**
     * The values of symbols in {@code .symtab}, 0 for one that is absent (System V ABI, chapter 4, "Sections" and "Symbol
     * Table").
     */
    private static long[] symbols(ByteBuffer elf, List<String> names) {
        byte[][] wanted = names.stream()
                .map(name -> (name + "\0").getBytes(StandardCharsets.US_ASCII))
                .toArray(byte[][]::new);
        long[] values = new long[wanted.length];
        int sections = (int) elf.getLong(0x28);
        int header = elf.getShort(0x3a);
        for (int i = 0; i < elf.getShort(0x3c); i++) {
            int section = sections + i * header;
            if (elf.getInt(section + 4) != SYMBOLS) {
                continue;
            }
            int first = (int) elf.getLong(section + 0x18);
            int end = first + (int) elf.getLong(section + 0x20);
            int texts = (int) elf.getLong(sections + elf.getInt(section + 0x28) * header + 0x18);
            for (int at = first; at < end; at += SYMBOL_BYTES) {
                int text = texts + elf.getInt(at);
                for (int name = 0; name < wanted.length; name++) {
                    if (values[name] == 0 && is(elf, text, wanted[name])) {
                        values[name] = elf.getLong(at + 8);
                    }
                }
            }
        }
        return values;
    }

    /** Whether a name stands there; from its end, for names of C++ begin alike. */
    private static boolean is(ByteBuffer elf, int at, byte[] wanted) {
        if (at + wanted.length > elf.limit()) {
            return false;
        }
        int i = wanted.length - 1;
        while (i >= 0 && elf.get(at + i) == wanted[i]) {
            i--;
        }
        return i < 0;
    }

    private static int alike(String path, String other) {
        int same = 0;
        while (same < Math.min(path.length(), other.length()) && path.charAt(same) == other.charAt(same)) {
            same++;
        }
        return same;
    }

    private static List<String> paths(String name) {
        Pattern file = Pattern.compile("/lib" + Pattern.quote(name) + "(-[0-9a-f]+)?\\.so[.\\d]*$");
        try (Stream<String> maps = Files.lines(MAPS)) {
            return maps.filter(line -> file.matcher(line).find())
                    .map(line -> line.substring(line.indexOf('/')))
                    .distinct()
                    .toList();
        } catch (IOException e) {
            return List.of();
        }
    }
}
