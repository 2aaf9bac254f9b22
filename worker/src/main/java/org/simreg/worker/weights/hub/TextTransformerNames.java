package org.simreg.worker.weights.hub;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.simreg.worker.weights.tensor.LazyTensor;
import org.simreg.worker.weights.tensor.StateDict;

/**
 * The names of CLIP's and SigLIP's vision towers in OpenAI's and OpenCLIP's files and in Hugging Face's transformers,
 * replaced by timm's. The projection, a matrix without bias, becomes the linear layer {@code head}.
 */
final class TextTransformerNames {
    /** Hugging Face's patches. */
    private static final String PATCHES = "embeddings.patch_embedding.weight";

    /** OpenAI's class token. */
    private static final String CLASS = "class_embedding";

    private static final Pattern LAYER =
            Pattern.compile("(?:encoder\\.layers|transformer\\.resblocks)\\.(\\d+)\\.(.*?)(?:[._](weight|bias))");

    private static final Map<String, String> LAYERS = layers();

    private static final Map<String, String> IN_BLOCK = Map.ofEntries(
            Map.entry("layer_norm1", "norm1"),
            Map.entry("layer_norm2", "norm2"),
            Map.entry("ln_1", "norm1"),
            Map.entry("ln_2", "norm2"),
            Map.entry("self_attn.out_proj", "attn.proj"),
            Map.entry("attn.out_proj", "attn.proj"),
            Map.entry("attn.in_proj", "attn.qkv"),
            Map.entry("mlp.fc1", "mlp.fc1"),
            Map.entry("mlp.fc2", "mlp.fc2"),
            Map.entry("mlp.c_fc", "mlp.fc1"),
            Map.entry("mlp.c_proj", "mlp.fc2"));

    private TextTransformerNames() {}

    private static Map<String, String> layers() {
        Map<String, String> layers = new LinkedHashMap<>();
        String[][] pairs = {
            {"embeddings.patch_embedding", "patch_embed.proj"},
            {"conv1", "patch_embed.proj"},
            {"pre_layrnorm", "norm_pre"},
            {"ln_pre", "norm_pre"},
            {"post_layernorm", "norm"},
            {"ln_post", "norm"},
            {"head.attention.out_proj", "attn_pool.proj"},
            {"head.layernorm", "attn_pool.norm"},
            {"head.mlp.fc1", "attn_pool.mlp.fc1"},
            {"head.mlp.fc2", "attn_pool.mlp.fc2"}
        };
        for (String[] pair : pairs) {
            layers.put(pair[0] + ".weight", pair[1] + ".weight");
            layers.put(pair[0] + ".bias", pair[1] + ".bias");
        }
        layers.put("head.probe", "attn_pool.latent");
        return layers;
    }

    /** The file with timm's names where it has those of such a tower; the file itself without any. */
    static StateDict resolved(StateDict file) {
        StateDict named = file;
        for (String name : file.names()) {
            if (name.equals(PATCHES) || name.endsWith("." + PATCHES)) {
                named = renamed(named, name.substring(0, name.length() - PATCHES.length()));
            } else if (name.equals(CLASS) || name.endsWith("." + CLASS)) {
                String prefix = name.substring(0, name.length() - CLASS.length());
                named = file.contains(prefix + "conv1.weight") ? renamed(named, prefix) : named;
            }
        }
        return named;
    }

    private static StateDict renamed(StateDict file, String prefix) {
        RenamedTensors tensors = new RenamedTensors();
        String projection = prefix.replaceFirst("vision_model\\.$", "") + "visual_projection.weight";
        for (String name : file.names()) {
            String own = name.startsWith(prefix) ? name.substring(prefix.length()) : "";
            LazyTensor tensor = file.stored(name);
            Matcher layer = LAYER.matcher(own);
            if (name.equals(projection) && TensorForms.isOf(tensor, 2)) {
                project(tensors, prefix, tensor);
            } else if (own.equals("proj") && TensorForms.isOf(tensor, 2)) {
                project(tensors, prefix, TensorForms.transposed(tensor));
            } else if (LAYERS.containsKey(own)) {
                tensors.put(prefix + LAYERS.get(own), tensor);
            } else if (layer.matches()) {
                put(tensors, prefix + "blocks." + layer.group(1) + ".", layer, name, tensor);
            } else if (!token(tensors, prefix, own, tensor)) {
                tensors.put(name, tensor);
            }
        }
        return tensors.stateDict();
    }

    private static void project(RenamedTensors tensors, String prefix, LazyTensor matrix) {
        tensors.put(prefix + "head.weight", matrix);
        tensors.put(prefix + "head.bias", TensorForms.zeros(matrix.dtype(), matrix.shape()[0]));
    }

    private static void put(RenamedTensors tensors, String block, Matcher layer, String name, LazyTensor tensor) {
        String place = layer.group(2);
        int attention = List.of("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj")
                .indexOf(place);
        if (attention >= 0) {
            tensors.part(block + "attn.qkv." + layer.group(3), attention, 3, tensor);
        } else {
            String known = IN_BLOCK.get(place);
            tensors.put(known == null ? name : block + known + "." + layer.group(3), tensor);
        }
    }

    /** Class token, positions, and the joined projections of SigLIP's attention pooling. */
    private static boolean token(RenamedTensors tensors, String prefix, String own, LazyTensor tensor) {
        long[] shape = tensor.shape();
        if (own.matches("(embeddings\\.)?class_embedding") && TensorForms.isOf(tensor, 1)) {
            tensors.put(prefix + "cls_token", TensorForms.shaped(tensor, 1, 1, shape[0]));
        } else if (own.matches("embeddings\\.position_embedding\\.weight|positional_embedding")
                && TensorForms.isOf(tensor, 2)) {
            tensors.put(prefix + "pos_embed", TensorForms.shaped(tensor, 1, shape[0], shape[1]));
        } else if (own.matches("head\\.attention\\.in_proj_(weight|bias)") && shape.length > 0 && shape[0] % 3 == 0) {
            String last = own.endsWith("weight") ? "weight" : "bias";
            tensors.put(prefix + "attn_pool.q." + last, TensorForms.rows(tensor, 0, shape[0] / 3));
            tensors.put(prefix + "attn_pool.kv." + last, TensorForms.rows(tensor, shape[0] / 3, shape[0]));
        } else {
            return false;
        }
        return true;
    }
}
