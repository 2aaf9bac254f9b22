package org.simreg.worker.weights.hub;

import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.simreg.worker.weights.tensor.LazyTensor;
import org.simreg.worker.weights.tensor.StateDict;

/**
 * The names of vision transformers in Hugging Face's transformers, in timm, in DINOv2's and DINOv3's files, replaced by
 * DINO's authors', which are timm's of most networks. Queries, keys and values that stand apart are joined, so are the
 * two halves of a gated MLP; keys without bias get zeros.
 */
final class TransformerNames {
    /** Hugging Face's ViT, DeiT, MAE and DINOv2. */
    private static final String PATCHES = "embeddings.patch_embeddings.projection.weight";

    /** Hugging Face's DINOv3. */
    private static final String ROTARY_PATCHES = "embeddings.patch_embeddings.weight";

    /** timm's registers. */
    private static final String REGISTERS = "reg_token";

    /** DINOv3's registers. */
    private static final String STORAGE = "storage_tokens";

    private static final Pattern LAYER = Pattern.compile("(?:encoder\\.|model\\.)?layers?\\.(\\d+)\\.(.*)\\.(\\w+)");
    private static final Pattern BLOCK = Pattern.compile("blocks\\.(\\d+)\\.(.*)");

    private static final Map<String, String> BARE = Map.ofEntries(
            Map.entry("embeddings.cls_token", "cls_token"),
            Map.entry("embeddings.mask_token", "mask_token"),
            Map.entry("embeddings.position_embeddings", "pos_embed"),
            Map.entry("embeddings.register_tokens", "register_tokens"),
            Map.entry(PATCHES, "patch_embed.proj.weight"),
            Map.entry("embeddings.patch_embeddings.projection.bias", "patch_embed.proj.bias"),
            Map.entry(ROTARY_PATCHES, "patch_embed.proj.weight"),
            Map.entry("embeddings.patch_embeddings.bias", "patch_embed.proj.bias"),
            Map.entry("layernorm.weight", "norm.weight"),
            Map.entry("layernorm.bias", "norm.bias"));

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
            Map.entry("mlp.weights_in", "mlp.fc1"),
            Map.entry("mlp.weights_out", "mlp.fc2"),
            Map.entry("mlp.down_proj", "mlp.fc2"),
            Map.entry("layer_scale1", "ls1"),
            Map.entry("layer_scale2", "ls2"));

    /** Names in a block of timm and of the authors that differ from ours. */
    private static final List<String[]> RENAMED = List.of(new String[][] {
        {"gamma_1", "ls1.gamma"},
        {"gamma_2", "ls2.gamma"},
        {"mlp\\.w12\\.", "mlp.fc1."},
        {"mlp\\.w3\\.", "mlp.fc2."}
    });

    /** The two halves of a gated MLP, the one through SiLU first. */
    private static final List<Pattern> HALVES =
            List.of(Pattern.compile("mlp\\.(?:w1|fc1_g)\\.(\\w+)"), Pattern.compile("mlp\\.(?:w2|fc1_x)\\.(\\w+)"));

    private TransformerNames() {}

    /** The file with the authors' names where it has those of a transformer; the file itself without any. */
    static StateDict resolved(StateDict file) {
        StateDict named = file;
        for (String name : file.names()) {
            if (endsWith(name, PATCHES)) {
                named = huggingFace(named, before(name, PATCHES), false);
            } else if (endsWith(name, ROTARY_PATCHES) && hasClassToken(file, name)) {
                named = huggingFace(named, before(name, ROTARY_PATCHES), true);
            } else if (endsWith(name, REGISTERS)) {
                named = authors(named, before(name, REGISTERS));
            } else if (endsWith(name, STORAGE)) {
                named = authors(named, before(name, STORAGE));
            } else if (endsWith(name, "blocks.0.mlp.w12.weight")) {
                named = authors(named, before(name, "blocks.0.mlp.w12.weight"));
            }
        }
        return named;
    }

    /** ConvNeXt's first layer has the same name. */
    private static boolean hasClassToken(StateDict file, String patches) {
        return file.contains(patches.replace(ROTARY_PATCHES, "embeddings.cls_token"));
    }

    private static boolean endsWith(String name, String last) {
        return name.equals(last) || name.endsWith("." + last);
    }

    private static String before(String name, String last) {
        return name.substring(0, name.length() - last.length());
    }

    /**
     * @param rotary whether it is DINOv3, whose keys have no bias
     */
    private static StateDict huggingFace(StateDict file, String prefix, boolean rotary) {
        RenamedTensors tensors = new RenamedTensors();
        for (String name : file.names()) {
            String own = name.startsWith(prefix) ? name.substring(prefix.length()) : "";
            Matcher layer = LAYER.matcher(own);
            if (BARE.containsKey(own)) {
                tensors.put(prefix + BARE.get(own), file.stored(name));
            } else if (layer.matches()) {
                String block = prefix + "blocks." + layer.group(1) + ".";
                put(tensors, file, name, block, layer);
            } else if (isClassifier(name, prefix)) {
                tensors.put(prefix + "head" + name.substring(name.lastIndexOf('.')), file.stored(name));
            } else {
                tensors.put(name, file.stored(name));
            }
        }
        if (rotary) {
            tensors.fillBiases(prefix);
        }
        return tensors.stateDict();
    }

    /** The linear layer of a classifier stands beside the network. */
    private static boolean isClassifier(String name, String prefix) {
        String outer = prefix.replaceFirst("(vit|deit)\\.$", "");
        return !outer.equals(prefix) && name.matches(Pattern.quote(outer) + "(cls_)?classifier\\.(weight|bias)");
    }

    private static void put(RenamedTensors tensors, StateDict file, String name, String block, Matcher layer) {
        String place = layer.group(2);
        String last = layer.group(3).equals("lambda1") ? "gamma" : layer.group(3);
        LazyTensor tensor = file.stored(name);
        int attention = List.of("query", "key", "value").indexOf(place.replaceFirst(".*\\.", ""));
        attention = Math.max(attention, List.of("q_proj", "k_proj", "v_proj").indexOf(place.replaceFirst(".*\\.", "")));
        if (attention >= 0) {
            tensors.part(block + "attn.qkv." + last, attention, 3, tensor);
        } else if (place.equals("mlp.gate_proj")) {
            tensors.part(block + "mlp.fc1." + last, 0, 2, tensor);
        } else if (place.equals("mlp.up_proj")) {
            boolean gated = file.contains(name.replace("up_proj", "gate_proj"));
            tensors.part(block + "mlp.fc1." + last, gated ? 1 : 0, gated ? 2 : 1, tensor);
        } else {
            String known = IN_BLOCK.get(place);
            tensors.put(known == null ? name : block + known + "." + last, tensor);
        }
    }

    /** timm's names with registers, or the authors' of DINOv2 and DINOv3. */
    private static StateDict authors(StateDict file, String prefix) {
        boolean rotary = !file.contains(prefix + "pos_embed");
        RenamedTensors tensors = new RenamedTensors();
        for (String name : file.names()) {
            String own = name.startsWith(prefix) ? name.substring(prefix.length()) : "";
            Matcher block = BLOCK.matcher(own);
            LazyTensor tensor = file.stored(name);
            if (own.equals(REGISTERS) || own.equals(STORAGE)) {
                tensors.put(prefix + "register_tokens", tensor);
            } else if (own.equals("pos_embed") && file.contains(prefix + REGISTERS) && TensorForms.isOf(tensor, 3)) {
                tensors.put(name, TensorForms.afterZero(tensor));
            } else if (block.matches()) {
                put(tensors, prefix + "blocks." + block.group(1) + ".", block.group(2), tensor, rotary);
            } else {
                tensors.put(name, tensor);
            }
        }
        if (rotary) {
            tensors.fillBiases(prefix);
        }
        return tensors.stateDict();
    }

    private static void put(RenamedTensors tensors, String block, String own, LazyTensor tensor, boolean rotary) {
        for (int half = 0; half < HALVES.size(); half++) {
            Matcher gated = HALVES.get(half).matcher(own);
            if (gated.matches()) {
                tensors.part(block + "mlp.fc1." + gated.group(1), half, 2, tensor);
                return;
            }
        }
        if (own.equals("attn.q_bias") || own.equals("attn.v_bias")) {
            tensors.part(block + "attn.qkv.bias", own.equals("attn.q_bias") ? 0 : 2, 3, tensor);
        } else if (rotary && own.equals("attn.qkv.bias") && TensorForms.isOf(tensor, 1)) {
            tensors.put(block + own, TensorForms.withoutMiddle(tensor));
        } else if (!own.equals("attn.qkv.bias_mask")) {
            String name = own;
            for (String[] renamed : RENAMED) {
                name = name.replaceFirst("^" + renamed[0], renamed[1]);
            }
            tensors.put(block + name, tensor);
        }
    }
}
