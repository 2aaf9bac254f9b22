package org.simreg.worker.weights.format.script;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import org.simreg.proto.UserError;
import org.simreg.worker.base.io.AtomicFile;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.base.io.Sha256;
import org.simreg.worker.network.Weight;
import org.simreg.worker.weights.format.StoredZip;
import org.simreg.worker.weights.format.TorchStorage;
import org.simreg.worker.weights.format.pickle.PickleReader;
import org.simreg.worker.weights.format.pickle.Pickled.Tensor;
import org.simreg.worker.weights.format.pickle.Pickled.Thing;
import org.simreg.worker.weights.tensor.CorruptFile;
import org.simreg.worker.weights.tensor.HostTensor;
import org.simreg.worker.weights.tensor.LazyTensor;
import org.simreg.worker.weights.tensor.StateDict;

/**
 * A TorchScript file that others wrote, as data: its tensors by their names in the state dict, its
 * source, and the same file with other weights. Nothing in it is executed, no native library is
 * loaded.
 */
public final class ScriptArchive {
    private static final int MOST_CODE = 1 << 22;

    private static final String OBJECTS = "data.pkl";
    private static final String CODE = "code/";
    private static final String SOURCE = ".py";

    private final Path file;
    private final String sha256;
    private final Map<String, byte[]> entries;
    private final ByteOrder order;
    private final String className;
    private final ScriptTensors tensors;
    private final List<Integer> modes;

    private ScriptArchive(Path file, String sha256, Map<String, byte[]> entries) throws CorruptFile {
        this.file = file;
        this.sha256 = sha256;
        this.entries = entries;
        byte[] said = entries.getOrDefault("byteorder", new byte[0]);
        order = new String(said, StandardCharsets.US_ASCII).strip().equals("big")
                ? ByteOrder.BIG_ENDIAN
                : ByteOrder.LITTLE_ENDIAN;
        ScriptOperators.requireOnlyCompute(entries);
        PickleReader reader = new PickleReader(ByteBuffer.wrap(entry(OBJECTS)));
        if (!(reader.read() instanceof Thing root)
                || root.type == null
                || !root.type.module().startsWith("__torch__")) {
            throw new CorruptFile("it holds weights without code");
        }
        modes = reader.modes();
        className = ScriptTensors.className(root);
        ScriptClasses classes = new ScriptClasses(sources());
        Optional<String> unfit = classes.unfit(className);
        if (unfit.isPresent()) {
            throw new CorruptFile(unfit.get());
        }
        tensors = ScriptTensors.of(root, classes);
    }

    /**
     * Reads a file whole.
     *
     * @throws UserError if it is no TorchScript module with a forward from one tensor to one
     *     tensor, or has no parameters, or others than float32
     */
    public static ScriptArchive read(Path file) {
        try {
            if (Files.isDirectory(file)) {
                throw new CorruptFile("it is a folder; name a file");
            }
            String sha256 = Sha256.of(file);
            ScriptArchive archive = new ScriptArchive(file, sha256, entries(file));
            archive.tensors.refuseUntrainable(archive::stored);
            return archive;
        } catch (IOException e) {
            throw new UserError(
                    "Can't train the TorchScript module %s: %s; write one with torch.jit.save(torch.jit.script(module), FILE)"
                            .formatted(file, Disk.reason(e)),
                    e);
        }
    }

    /** All source text in an archive; empty if it can't be read. */
    public static String code(Path file) {
        StringBuilder code = new StringBuilder();
        try (ZipFile zip = new ZipFile(file.toFile())) {
            for (ZipEntry entry : zip.stream().toList()) {
                if (entry.getName().endsWith(SOURCE) && code.length() < MOST_CODE) {
                    byte[] text = zip.getInputStream(entry).readNBytes(MOST_CODE);
                    code.append(new String(text, StandardCharsets.UTF_8));
                }
            }
        } catch (IOException e) {
            return "";
        }
        return code.toString();
    }

    /** Without the folder that all entries lie in; source may be compressed. */
    private static Map<String, byte[]> entries(Path file) throws IOException {
        Map<String, byte[]> entries = new LinkedHashMap<>();
        try (ZipFile zip = new ZipFile(file.toFile())) {
            for (ZipEntry entry : zip.stream().toList()) {
                String name = entry.getName();
                entries.put(
                        name.substring(name.indexOf('/') + 1),
                        zip.getInputStream(entry).readAllBytes());
            }
            return entries;
        } catch (ZipException e) {
            throw new CorruptFile("it is no TorchScript file, or a damaged one");
        }
    }

    private byte[] entry(String name) throws CorruptFile {
        byte[] bytes = entries.get(name);
        if (bytes == null) {
            throw new CorruptFile("it is no TorchScript file: it has no record " + name);
        }
        return bytes;
    }

    private Map<String, String> sources() {
        Map<String, String> sources = new TreeMap<>();
        entries.forEach((name, bytes) -> {
            if (name.startsWith(CODE) && name.endsWith(SOURCE)) {
                String place = name.substring(CODE.length(), name.length() - SOURCE.length());
                sources.put(place.replace('/', '.'), new String(bytes, StandardCharsets.UTF_8));
            }
        });
        return sources;
    }

    /** SHA-256 of the file, hexadecimal. */
    public String sha256() {
        return sha256;
    }

    /** The class of the module, {@code __torch__.Net}. */
    public String className() {
        return className;
    }

    /** Parameters and buffers that training reads or writes; a shared tensor stands once. */
    public List<Weight> weights() {
        return tensors.weights();
    }

    /** Every name in the state dict of such a tensor, and the name of its weight. */
    public Map<String, String> places() {
        return tensors.places();
    }

    /** The records of the module but the object: source, constants, storages, version. */
    public Map<String, byte[]> records() {
        Map<String, byte[]> records = new LinkedHashMap<>(entries);
        records.keySet().removeIf(name -> name.equals(OBJECTS) || !ScriptCopy.isPart(name));
        return records;
    }

    /** The object's pickle as a value for another pickle of protocol 2 without a memo. */
    public byte[] object() {
        byte[] pickle = entries.get(OBJECTS);
        return Arrays.copyOfRange(pickle, 2, pickle.length - 1);
    }

    private LazyTensor stored(String name) throws CorruptFile {
        Tensor tensor = tensors.get(name);
        ByteBuffer data = ByteBuffer.wrap(entry("data/" + tensor.storage().key()));
        return TorchStorage.of(data, order).view(name, tensor);
    }

    /** The values of {@link #weights} in the file as float32, whole numbers too. */
    public StateDict start() {
        StateDict own = stateDict(new StateDict(Map.of()));
        Map<String, HostTensor> values = new LinkedHashMap<>();
        for (Weight weight : weights()) {
            float[] numbers = ScriptTensors.numbers(own.get(weight.name()));
            values.put(weight.name(), HostTensor.of(numbers, weight.shape()));
        }
        return StateDict.of(values);
    }

    /**
     * The state dict with other values.
     *
     * @param trained float32 tensors by the names of {@link #weights}; the rest stays
     */
    public StateDict stateDict(StateDict trained) {
        Map<String, LazyTensor> all = new LinkedHashMap<>();
        try {
            for (String name : tensors.names()) {
                LazyTensor own = stored(name);
                String weight = places().getOrDefault(name, "");
                all.put(
                        name,
                        trained.contains(weight)
                                ? LazyTensor.of(ScriptTensors.cast(trained.get(weight), own.dtype(), own.shape()))
                                : own);
            }
        } catch (CorruptFile e) {
            throw new UserError("Can't read weights from %s: %s".formatted(file, e.getMessage()));
        }
        return new StateDict(all);
    }

    /**
     * Writes the module with other weights, in evaluation mode.
     *
     * @param trained float32 tensors by the names of {@link #weights}
     * @param notes more records, by name, which libtorch passes over
     */
    public void write(Path target, StateDict trained, Map<String, String> notes) {
        StateDict values = stateDict(trained);
        Map<String, byte[]> changed = new LinkedHashMap<>(entries);
        for (String name : tensors.names()) {
            Tensor tensor = tensors.get(name);
            byte[] storage = changed.compute(
                    "data/" + tensor.storage().key(), (key, old) -> old == entries.get(key) ? old.clone() : old);
            ScriptTensors.scatter(
                    values.get(name), tensor, ByteBuffer.wrap(storage).order(order));
        }
        byte[] objects = entries.get(OBJECTS).clone();
        modes.forEach(place -> objects[place] = (byte) 0x89);
        changed.put(OBJECTS, objects);
        AtomicFile.write(target, channel -> {
            try (StoredZip zip = new StoredZip(channel)) {
                for (Map.Entry<String, byte[]> entry : changed.entrySet()) {
                    zip.add("archive/" + entry.getKey(), entry.getValue());
                }
                for (Map.Entry<String, String> note : notes.entrySet()) {
                    zip.add("archive/" + note.getKey(), note.getValue().getBytes(StandardCharsets.UTF_8));
                }
            }
        });
    }
}
