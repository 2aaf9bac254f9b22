package org.simreg.worker.weights.format;

import com.google.gson.stream.JsonReader;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.simreg.worker.base.io.Disk;
import org.simreg.worker.base.io.UserFile;
import org.simreg.worker.weights.tensor.CorruptFile;

/**
 * The index of a network that is kept in several files, as Hugging Face's libraries write it: {@code
 * model.safetensors.index.json}, {@code pytorch_model.bin.index.json}.
 *
 * @param files name of the file beside the index, by tensor
 */
public record ShardIndex(Path file, Map<String, String> files) {
    private static final int MOST_BYTES = 1 << 26;
    private static final Pattern SHARD = Pattern.compile("(.*)-\\d{5}-of-(\\d{5})(\\.\\w+)");

    /** Whether a name is that of an index. */
    public static boolean isIndex(Path file) {
        return String.valueOf(file.getFileName()).endsWith(".index.json");
    }

    /** The index that a file is a shard of by its name; empty if it is whole. */
    public static Optional<Path> of(Path shard) {
        Matcher name = SHARD.matcher(String.valueOf(shard.getFileName()));
        return name.matches() && Integer.parseInt(name.group(2)) > 1
                ? Optional.of(shard.resolveSibling(name.group(1) + name.group(3) + ".index.json"))
                : Optional.empty();
    }

    /** Reads an index. */
    public static ShardIndex read(Path file) throws IOException {
        Map<String, String> files = new LinkedHashMap<>();
        String text = UserFile.text(file, MOST_BYTES);
        try (JsonReader json = new JsonReader(new StringReader(text))) {
            json.beginObject();
            while (json.hasNext()) {
                if (!json.nextName().equals("weight_map")) {
                    json.skipValue();
                    continue;
                }
                json.beginObject();
                while (json.hasNext()) {
                    files.put(json.nextName(), json.nextString());
                }
                json.endObject();
            }
        } catch (IllegalStateException | NumberFormatException | IOException e) {
            throw new CorruptFile("its index is damaged; copy it again");
        }
        if (files.isEmpty()) {
            throw new CorruptFile("it is an index without weight_map, so none of shards");
        }
        return new ShardIndex(file, files);
    }

    /**
     * The shards in the order of the index, each once.
     *
     * @throws CorruptFile if one isn't beside the index
     */
    public List<Path> shards() throws CorruptFile {
        List<Path> shards = new ArrayList<>();
        for (String name : new LinkedHashSet<>(files.values())) {
            boolean plain = !name.contains("/") && !name.contains("\\") && !name.startsWith(".");
            Path shard = plain ? file.resolveSibling(name) : file;
            if (!plain || !Files.isRegularFile(shard)) {
                throw new CorruptFile("its shard %s is missing; put all files of the network in one folder"
                        .formatted(Disk.printable(name)));
            }
            shards.add(shard);
        }
        return shards;
    }
}
