package org.simreg.worker.weights.checkpoint;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.simreg.proto.UserError;
import org.simreg.worker.base.concurrent.StorageWatch;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.weights.checkpoint.WeightsFile.Contents.Entry;
import org.simreg.worker.weights.format.ForeignFormat;
import org.simreg.worker.weights.format.ParsedFile;
import org.simreg.worker.weights.format.Safetensors;
import org.simreg.worker.weights.format.ShardIndex;
import org.simreg.worker.weights.format.TorchFile;
import org.simreg.worker.weights.format.ZipDirectory;
import org.simreg.worker.weights.format.pickle.Pickled;
import org.simreg.worker.weights.format.pickle.Pickled.Tensor;
import org.simreg.worker.weights.format.pickle.Pickled.Thing;
import org.simreg.worker.weights.tensor.CorruptFile;
import org.simreg.worker.weights.tensor.LazyTensor;
import org.simreg.worker.weights.tensor.MappedFile;
import org.simreg.worker.weights.tensor.Reparametrization;
import org.simreg.worker.weights.tensor.StateDict;

/**
 * The reader of the files that weights come in: PyTorch's zip archives (1.6 and later, TorchScript
 * too), PyTorch's older streams, safetensors, also in shards. Pickles are parsed as data, nothing in them is
 * executed.
 */
public final class WeightsFile {
    private WeightsFile() {}

    /**
     * All tensors of a file by dotted name; pruned and weight-normalised ones as they are computed with. The key of the
     * one dict that holds the weights ({@code state_dict}, {@code model}, {@code model_state_dict}) is left out of the
     * names. The file is mapped; tensors are read when asked for. A folder that macOS made of an archive, or that
     * Hugging Face's libraries saved, is as good as a file.
     *
     * @throws UserError if the file can't be read, is damaged, is in another format, or holds no
     *     tensor; the message names it
     */
    public static StateDict read(Path file) {
        return new StateDict(open(file).tensors());
    }

    /**
     * The tensors of a file and what it holds beside them, for people.
     *
     * @throws UserError as {@link #read}
     */
    public static Contents contents(Path file) {
        return Summary.of(open(file));
    }

    /** Whether a file is a TorchScript archive, which holds its network's code besides tensors. */
    public static boolean isScript(Path file) {
        try {
            return open(file).container() == ParsedFile.Container.TORCHSCRIPT;
        } catch (UserError e) {
            return false;
        }
    }

    /**
     * SHA-256 of a file, hexadecimal; of several files that are one network's, over the digests of all.
     *
     * @throws IOException if one can't be read
     */
    @SuppressWarnings("try") // the read is there for the watch to see
    public static String sha256(Path file) throws IOException {
        try (StorageWatch.Read read = StorageWatch.here(file)) {
            return WeightFolder.sha256(file);
        }
    }

    @SuppressWarnings("try") // the read is there for the watch to see
    private static ParsedFile open(Path file) {
        try (StorageWatch.Read read = StorageWatch.here(file)) {
            ParsedFile opened = merged(opened(file));
            if (opened.tensors().isEmpty()) {
                throw new CorruptFile(ForeignFormat.ofValues(opened.root())
                        .orElse("it holds no tensor; give the checkpoint of a network"));
            }
            return opened;
        } catch (IOException e) {
            throw RunWeights.unreadable(file, e);
        }
    }

    /** The same tensors with the reparametrised ones as they are computed with. */
    private static ParsedFile merged(ParsedFile file) {
        return new ParsedFile(file.container(), file.root(), file.notes(), Reparametrization.merged(file.tensors()));
    }

    private static ParsedFile opened(Path path) throws IOException {
        if (Files.isDirectory(path)) {
            return folder(path);
        } else if (ShardIndex.isIndex(path)) {
            return shards(ShardIndex.read(path));
        }
        Optional<Path> index = ShardIndex.of(path);
        if (index.isPresent()) {
            throw new CorruptFile("it is one of a network's shards; name their index %s, or the folder"
                    .formatted(index.get().getFileName()));
        }
        return opened(path, MappedFile.open(path));
    }

    private static ParsedFile folder(Path path) throws IOException {
        Optional<Path> archive = WeightFolder.archive(path);
        if (archive.isPresent()) {
            return TorchFile.folder(archive.get());
        }
        Optional<Path> file = WeightFolder.file(path);
        if (file.isPresent()) {
            return opened(file.get());
        }
        throw new CorruptFile(ForeignFormat.ofFolder(path).orElse("it is a folder; name a file"));
    }

    private static ParsedFile shards(ShardIndex index) throws IOException {
        Map<String, LazyTensor> all = new LinkedHashMap<>();
        ParsedFile last = null;
        for (Path shard : index.shards()) {
            last = opened(shard, MappedFile.open(shard));
            all.putAll(last.tensors());
        }
        for (String name : index.files().keySet()) {
            if (!all.containsKey(name)) {
                throw new CorruptFile("its shards lack the tensor %s; copy %s again"
                        .formatted(
                                Disk.printable(name),
                                Disk.printable(index.files().get(name))));
            }
        }
        return new ParsedFile(last.container(), Pickled.NONE, last.notes(), all);
    }

    private static ParsedFile opened(Path path, MappedFile file) throws IOException {
        boolean zip = file.size() >= 4 && file.slice(0, 4).getInt(0) == ZipDirectory.LOCAL;
        if (zip && !path.toString().endsWith(".distcp")) {
            Optional<MappedFile> inner = ZipDirectory.only(file);
            return inner.isPresent() ? opened(path, inner.get()) : TorchFile.zip(file);
        }
        if (TorchFile.isStream(file)) {
            return TorchFile.stream(file);
        }
        if (Safetensors.isSafetensors(file)) {
            return Safetensors.read(file);
        }
        throw new CorruptFile(ForeignFormat.ofFile(path, file)
                .orElse("it is neither a PyTorch file nor safetensors nor TorchScript (%d bytes); check what was copied"
                        .formatted(file.size())));
    }

    /**
     * The contents of a file of weights, its tensors and the rest; nothing in it was executed.
     *
     * @param type class of the outermost object, {@code dict} or {@code __torch__.Net}; empty for
     *     safetensors
     * @param entries what stands at the top level beside tensors, in order
     * @param notes of a safetensors header
     * @param tensors as {@link WeightsFile#read} gives them
     */
    public record Contents(
            ParsedFile.Container container,
            String type,
            List<Entry> entries,
            Map<String, String> notes,
            StateDict tensors) {
        /**
         * One key of the top level.
         *
         * @param summary its value if it is small, otherwise its type and size
         */
        public record Entry(String key, String summary) {}
    }

    /** The summary of a pickle's top level, a line for each value. */
    private static final class Summary {
        private static final int MOST_ENTRIES = 200;
        private static final int MOST_NAMES = 6;
        private static final int LONGEST = 60;

        private Summary() {}

        static Contents of(ParsedFile file) {
            Map<?, ?> top = top(file.root());
            List<Entry> entries = new ArrayList<>();
            top.entrySet().stream()
                    .filter(e -> !(e.getValue() instanceof Tensor))
                    .limit(MOST_ENTRIES)
                    .forEach(e -> entries.add(new Entry(text(e.getKey()), summary(e.getValue()))));
            return new Contents(
                    file.container(), type(file.root()), entries, file.notes(), new StateDict(file.tensors()));
        }

        private static Map<?, ?> top(Object root) {
            if (root instanceof Thing thing) {
                return thing.attributes.isEmpty() ? thing.items : thing.attributes;
            }
            return root instanceof Map<?, ?> map ? map : Map.of();
        }

        private static String type(Object root) {
            if (root instanceof Thing thing) {
                return Disk.printable(thing.typeName());
            }
            return root instanceof Map ? "dict" : root == Pickled.NONE ? "" : summary(root);
        }

        private static String summary(Object value) {
            if (value instanceof Tensor tensor) {
                String type = tensor.dtype().name().toLowerCase(Locale.ROOT);
                return type + " " + Arrays.toString(tensor.shape());
            } else if (value instanceof Map<?, ?> map) {
                return dict(map);
            } else if (value instanceof List<?> list) {
                return "list of " + Pickled.size(list);
            } else if (value instanceof Thing thing) {
                Map<?, ?> held = thing.attributes.isEmpty() ? thing.items : thing.attributes;
                String type = thing.type == null ? "object" : Disk.printable(thing.typeName());
                return type + (held.isEmpty() ? "" : " with " + names(held)) + ", not executed";
            } else if (value instanceof byte[] bytes) {
                return bytes.length + " bytes";
            } else if (value instanceof String text) {
                return '"' + text(text) + '"';
            } else if (value == Pickled.NONE) {
                return "None";
            }
            return text(value);
        }

        private static String dict(Map<?, ?> map) {
            long tensors =
                    map.values().stream().filter(Tensor.class::isInstance).count();
            if (tensors > 0) {
                return "dict of %d, %d of them tensors".formatted(Pickled.size(map), tensors);
            }
            return map.isEmpty() ? "empty dict" : "dict with " + names(map);
        }

        private static String names(Map<?, ?> map) {
            String names =
                    map.keySet().stream().limit(MOST_NAMES).map(Summary::text).collect(Collectors.joining(", "));
            return map.size() > MOST_NAMES ? names + ", .. (" + Pickled.size(map) + ")" : names;
        }

        private static String text(Object value) {
            String text = Disk.printable(String.valueOf(value));
            return text.length() <= LONGEST ? text : text.substring(0, LONGEST - 3) + "...";
        }
    }
}
