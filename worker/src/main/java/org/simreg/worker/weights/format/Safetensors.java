package org.simreg.worker.weights.format;

import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.io.StringReader;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.AtomicFile;
import org.simreg.worker.base.io.Sha256;
import org.simreg.worker.weights.format.pickle.Pickled;
import org.simreg.worker.weights.tensor.CorruptFile;
import org.simreg.worker.weights.tensor.DType;
import org.simreg.worker.weights.tensor.HostTensor;
import org.simreg.worker.weights.tensor.LazyTensor;
import org.simreg.worker.weights.tensor.MappedFile;
import org.simreg.worker.weights.tensor.StateDict;

/**
 * The reader and writer of the safetensors format: the length of a JSON header, the header, and all
 * tensors one after the other.
 *
 * @see <a href="https://huggingface.co/docs/safetensors/index">the format</a>
 */
public final class Safetensors {
    private static final int MAX_HEADER = 1 << 25;
    private static final int MAX_AXES = 16;
    private static final int PIECE = 1 << 26;
    private static final String SEAL = "seal";
    private static final String UNSEALED = "0".repeat(64);

    private static final VerifiedSeals VERIFIED = new VerifiedSeals();
    private static final String CHANGED = "it is damaged: its bytes don't have the SHA-256 that it was written with";

    private Safetensors() {}

    /**
     * Writes all tensors in their own element types, whole or not at all. Equal tensors in equal
     * order give equal bytes.
     *
     * @throws UserError if the file can't be written
     */
    public static void write(Path file, StateDict tensors) {
        write(file, tensors, Map.of());
    }

    /**
     * The same with notes in the header.
     *
     * @param metadata notes by name; {@code format} is taken
     */
    public static void write(Path file, StateDict tensors, Map<String, String> metadata) {
        AtomicFile.write(file, channel -> write(channel, tensors, metadata));
    }

    /**
     * Writes the bytes of such a file.
     *
     * @throws IOException if the channel does
     */
    public static void write(WritableByteChannel out, StateDict tensors, Map<String, String> metadata)
            throws IOException {
        List<String> order = new ArrayList<>(tensors.names());
        // Wide elements first: every tensor then starts at a multiple of its width.
        order.sort(Comparator.comparing(name -> -tensors.dtype(name).bytes()));
        byte[] header = header(tensors, order, metadata);
        ByteBuffer length = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
        AtomicFile.put(out, length.putLong(0, header.length));
        AtomicFile.put(out, ByteBuffer.wrap(header));
        for (String name : order) {
            AtomicFile.put(out, tensors.get(name).data());
        }
    }

    /**
     * Notes with the seal of the file that they and the tensors make: the SHA-256 of all its bytes,
     * the seal's own digits taken as zeros. {@link #read} and {@link #notes} refuse a sealed file of
     * which any byte has changed.
     */
    public static Map<String, String> sealed(StateDict tensors, Map<String, String> metadata) {
        Map<String, String> sealed = new LinkedHashMap<>(metadata);
        sealed.put(SEAL, UNSEALED);
        Sha256 sha = new Sha256();
        try {
            write(Channels.newChannel(sha.through(OutputStream.nullOutputStream())), tensors, sealed);
        } catch (IOException e) {
            throw new UncheckedIOException("what is only digested can always be written", e);
        }
        sealed.put(SEAL, sha.hex());
        return sealed;
    }

    /** Digests all bytes, unless it has before and the file is unchanged. */
    private static void checkSeal(MappedFile file, String header, String seal) throws CorruptFile {
        Optional<VerifiedSeals.State> state = VerifiedSeals.state(file.path());
        if (state.isEmpty() || !VERIFIED.has(state.get(), seal)) {
            compareSeal(file, header, seal);
            state.ifPresent(now -> VERIFIED.add(now, seal));
        }
    }

    private static void compareSeal(MappedFile file, String header, String seal) throws CorruptFile {
        String note = "\"" + SEAL + "\":\"";
        int at = header.indexOf(note + seal + "\"");
        if (at < 0 || seal.length() != UNSEALED.length()) {
            throw new CorruptFile(CHANGED);
        }
        long from = 8L + header.substring(0, at + note.length()).getBytes(StandardCharsets.UTF_8).length;
        Sha256 sha = new Sha256();
        digest(file, 0, from, sha);
        sha.bytes(UNSEALED.getBytes(StandardCharsets.UTF_8));
        digest(file, from + seal.length(), file.size(), sha);
        if (!sha.hex().equals(seal)) {
            throw new CorruptFile(CHANGED);
        }
    }

    private static void digest(MappedFile file, long from, long to, Sha256 sha) throws CorruptFile {
        for (long at = from; at < to; at += PIECE) {
            sha.bytes(file.slice(at, Math.min(PIECE, to - at)));
        }
    }

    private static byte[] header(StateDict tensors, List<String> order, Map<String, String> metadata)
            throws IOException {
        Map<String, Long> starts = new LinkedHashMap<>();
        long end = 0;
        for (String name : order) {
            starts.put(name, end);
            end += bytes(tensors, name);
        }
        StringWriter text = new StringWriter();
        JsonWriter json = new JsonWriter(text);
        json.beginObject().name("__metadata__");
        json.beginObject().name("format").value("pt");
        for (Map.Entry<String, String> note : new TreeMap<>(metadata).entrySet()) {
            json.name(note.getKey()).value(note.getValue());
        }
        json.endObject();
        for (String name : tensors.names()) {
            json.name(name).beginObject();
            json.name("dtype").value(tensors.dtype(name).safetensors());
            json.name("shape").beginArray();
            for (long size : tensors.shape(name)) {
                json.value(size);
            }
            json.endArray().name("data_offsets").beginArray();
            json.value(starts.get(name)).value(starts.get(name) + bytes(tensors, name));
            json.endArray().endObject();
        }
        json.endObject().flush();
        int padding = Math.floorMod(-text.toString().getBytes(StandardCharsets.UTF_8).length, 8);
        return (text + " ".repeat(padding)).getBytes(StandardCharsets.UTF_8);
    }

    private static long bytes(StateDict tensors, String name) {
        return HostTensor.count(tensors.shape(name)) * tensors.dtype(name).bytes();
    }

    /** Whether the file begins as the format does. */
    public static boolean isSafetensors(MappedFile file) throws CorruptFile {
        if (file.size() < 10) {
            return false;
        }
        ByteBuffer start = file.slice(0, 9);
        long header = start.getLong(0);
        return header >= 2 && header <= file.size() - 8 && start.get(8) == '{';
    }

    /**
     * The notes in a file's header; none if it isn't of this format.
     *
     * @throws CorruptFile if the file is damaged
     */
    public static Map<String, String> notes(MappedFile file) throws CorruptFile {
        Map<String, String> notes = new LinkedHashMap<>();
        if (isSafetensors(file)) {
            read(file, notes);
        }
        return notes;
    }

    /**
     * Parses a file.
     *
     * @throws CorruptFile if it is damaged, or a tensor has an element type that {@link DType} lacks
     */
    public static ParsedFile read(MappedFile file) throws CorruptFile {
        Map<String, String> notes = new LinkedHashMap<>();
        Map<String, LazyTensor> tensors = read(file, notes);
        return new ParsedFile(ParsedFile.Container.SAFETENSORS, Pickled.NONE, notes, tensors);
    }

    private static Map<String, LazyTensor> read(MappedFile file, Map<String, String> notes) throws CorruptFile {
        long length = file.slice(0, 8).getLong(0);
        if (length > MAX_HEADER) {
            throw new CorruptFile("its header of %d bytes is too large".formatted(length));
        }
        String header = StandardCharsets.UTF_8.decode(file.slice(8, length)).toString();
        Map<String, LazyTensor> tensors = new LinkedHashMap<>();
        try (JsonReader json = new JsonReader(new StringReader(header))) {
            json.beginObject();
            while (json.hasNext()) {
                String name = json.nextName();
                if (name.equals("__metadata__")) {
                    json.beginObject();
                    while (json.hasNext()) {
                        notes.put(json.nextName(), json.nextString());
                    }
                    json.endObject();
                } else {
                    tensor(name, json, file, 8 + length, tensors);
                }
            }
            json.endObject();
        } catch (CorruptFile e) {
            throw e;
        } catch (IOException | IllegalStateException | NumberFormatException e) {
            throw new CorruptFile("its header is damaged; copy it again");
        }
        if (notes.containsKey(SEAL)) {
            checkSeal(file, header, notes.get(SEAL));
        }
        return tensors;
    }

    private static void tensor(
            String name, JsonReader json, MappedFile file, long start, Map<String, LazyTensor> tensors)
            throws IOException {
        String type = "";
        long[] shape = null;
        long[] range = new long[0];
        json.beginObject();
        while (json.hasNext()) {
            switch (json.nextName()) {
                case "dtype" -> type = json.nextString();
                case "shape" -> shape = longs(json);
                case "data_offsets" -> range = longs(json);
                default -> json.skipValue();
            }
        }
        json.endObject();
        if (shape == null || range.length != 2 || range[0] > range[1]) {
            throw new CorruptFile("tensor " + name + " lacks its shape or its place");
        }
        long length = range[1] - range[0];
        Supplier<ByteBuffer> bytes = file.lazily(start + Math.min(range[0], file.size()), length);
        DType dtype = DType.ofSafetensors(type).orElse(null);
        if (dtype == null) {
            throw new CorruptFile("tensor %s has elements of the type %s, which isn't known here; save it as float32"
                    .formatted(name, type));
        }
        if (length != elements(shape) * dtype.bytes()) {
            throw new CorruptFile("tensor " + name + " has not as many bytes as its shape needs");
        }
        long[] sizes = shape;
        tensors.put(name, new LazyTensor(dtype, sizes, bytes));
    }

    /** Number of elements, or one that no file can hold if it is beyond an int. */
    private static long elements(long[] shape) {
        long elements = 1;
        for (long size : shape) {
            elements = size > Integer.MAX_VALUE ? Integer.MAX_VALUE : elements * size;
            elements = Math.min(elements, Integer.MAX_VALUE);
        }
        return elements;
    }

    private static long[] longs(JsonReader json) throws IOException {
        long[] values = new long[MAX_AXES];
        int count = 0;
        json.beginArray();
        while (json.hasNext()) {
            long value = json.nextLong();
            if (count == MAX_AXES || value < 0) {
                throw new CorruptFile("a shape in its header is not one");
            }
            values[count++] = value;
        }
        json.endArray();
        return Arrays.copyOf(values, count);
    }
}
