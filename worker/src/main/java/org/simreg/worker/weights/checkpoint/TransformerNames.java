package org.simreg.worker.weights.checkpoint;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.simreg.worker.weights.tensor.LazyTensor;
import org.simreg.worker.weights.tensor.StateDict;

/**
 * The names of vision transformers in Hugging Face's transformers, and in timm where they differ, replaced by DINO's
 * authors'. Hugging Face keeps queries, keys and values apart; timm's networks with registers have no position for the
 * class token, which then is zero.
 */
final class TransformerNames {
    private static final String PATCHES = "embeddings.patch_embeddings.projection.weight";
    private static final String REGISTERS = "reg_token";
    private static final Pattern LAYER = Pattern.compile("(?:encoder\\.)?layers?\\.(\\d+)\\.(.*)\\.(\\w+)");
    private static final Map<String, String> BARE = Map.of(
            "embeddings.cls_token",
            "cls_token",
            "embeddings.mask_token",
            "mask_token",
            "embeddings.position_embeddings",
            "pos_embed",
            "embeddings.register_tokens",
            "register_tokens",
            PATCHES,
            "patch_embed.proj.weight",
            "embeddings.patch_embeddings.projection.bias",
            "patch_embed.proj.bias",
            "layernorm.weight",
            "norm.weight",
            "layernorm.bias",
            "norm.bias");

    /** Names in a block: those of published files, and those that version 5 of the library has in memory. */
    private static final Map<String, String> IN_BLOCK = Map.ofEntries(
            Map.entry("layernorm_before", "norm1"),
            Map.entry("layernorm_after", "norm2"),
            Map.entry("norm1", "norm1"),
            Map.entry("norm2", "norm2"),
            Map.entry("attention.output.dense", "attn.proj"),
            Map.entry("attention.o_proj", "attn.proj"),
            Map.entry("intermediate.dense", "mlp.fc1"),
            Map.entry("output.dense", "mlp.fc2"),
            Map.entry("mlp.fc1", "mlp.fc1"),
            Map.entry("mlp.fc2", "mlp.fc2"),
            Map.entry("layer_scale1", "ls1"),
            Map.entry("layer_scale2", "ls2"));

    private TransformerNames() {}

    /** The file with the authors' names where it has those of a transformer; the file itself without any. */
    static StateDict resolved(StateDict file) {
        StateDict named = file;
        for (String name : file.names()) {
            if (endsWith(name, PATCHES)) {
                named = huggingFace(named, name.substring(0, name.length() - PATCHES.length()));
            } else if (endsWith(name, REGISTERS)) {
                named = timm(named, name.substring(0, name.length() - REGISTERS.length()));
            }
        }
        return named;
    }

    private static boolean endsWith(String name, String last) {
        return name.equals(last) || name.endsWith("." + last);
    }

    private static StateDict huggingFace(StateDict file, String prefix) {
        Map<String, LazyTensor> tensors = new LinkedHashMap<>();
        for (String name : file.names()) {
            String own = name.startsWith(prefix) ? name.substring(prefix.length()) : "";
            Matcher layer = LAYER.matcher(own);
            if (BARE.containsKey(own)) {
                tensors.put(prefix + BARE.get(own), file.stored(name));
            } else if (layer.matches()) {
                put(tensors, file, name, prefix, layer);
            } else {
                tensors.put(name, file.stored(name));
            }
        }
        return new StateDict(tensors);
    }

    private static void put(
            Map<String, LazyTensor> tensors, StateDict file, String name, String prefix, Matcher layer) {
        String place = layer.group(2);
        String block = prefix + "blocks." + layer.group(1) + ".";
        String last = layer.group(3).equals("lambda1") ? "gamma" : layer.group(3);
        boolean first = place.matches("(.*\\.)?(query|q_proj)");
        boolean other = place.matches("(.*\\.)?(key|value|k_proj|v_proj)");
        if (first) {
            tensors.put(block + "attn.qkv." + last, joined(file, name, last));
        } else if (!other) {
            String known = IN_BLOCK.get(place);
            tensors.put(known == null ? name : block + known + "." + last, file.stored(name));
        }
    }

    /** Queries, keys and values one below the other; queries alone where the others are missing. */
    private static LazyTensor joined(StateDict file, String queries, String last) {
        List<LazyTensor> parts = new ArrayList<>(List.of(file.stored(queries)));
        for (String[] names : new String[][] {{"key", "k_proj"}, {"value", "v_proj"}}) {
            String name = queries.replaceFirst("query\\." + last + "$", names[0] + "." + last)
                    .replaceFirst("q_proj\\." + last + "$", names[1] + "." + last);
            if (file.contains(name)) {
                parts.add(file.stored(name));
            }
        }
        long[] shape = parts.get(0).shape().clone();
        shape[0] *= parts.size();
        return new LazyTensor(parts.get(0).dtype(), shape, () -> {
            List<ByteBuffer> bytes =
                    parts.stream().map(part -> part.load().data().duplicate()).toList();
            ByteBuffer all = ByteBuffer.allocate(
                            bytes.stream().mapToInt(ByteBuffer::remaining).sum())
                    .order(ByteOrder.LITTLE_ENDIAN);
            bytes.forEach(all::put);
            return all.flip();
        });
    }

    private static StateDict timm(StateDict file, String prefix) {
        String positions = prefix + "pos_embed";
        if (!file.contains(positions) || file.shape(positions).length != 3) {
            return file;
        }
        Map<String, LazyTensor> tensors = new LinkedHashMap<>();
        for (String name : file.names()) {
            LazyTensor tensor = file.stored(name);
            if (name.equals(positions)) {
                tensors.put(name, afterZero(tensor));
            } else if (name.equals(prefix + REGISTERS)) {
                tensors.put(prefix + "register_tokens", tensor);
            } else {
                tensors.put(name, tensor);
            }
        }
        return new StateDict(tensors);
    }

    /** (1, N, D) as (1, N + 1, D), the first row zero. */
    private static LazyTensor afterZero(LazyTensor tensor) {
        long[] shape = {1, tensor.shape()[1] + 1, tensor.shape()[2]};
        return new LazyTensor(tensor.dtype(), shape, () -> {
            ByteBuffer bytes = tensor.load().data().duplicate();
            int row = Math.toIntExact(shape[2] * tensor.dtype().bytes());
            ByteBuffer all = ByteBuffer.allocate(row + bytes.remaining()).order(ByteOrder.LITTLE_ENDIAN);
            return all.position(row).put(bytes).flip();
        });
    }
}
