package org.simreg.worker.torchscript;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.simreg.worker.network.Network;
import org.simreg.worker.network.Weight;

/**
 * A network's tensors as nested modules, so that the loaded archive's state dict has torchvision's
 * dotted names.
 *
 * @param path dotted place of this module, empty for the outermost
 * @param children modules by their name in this one
 * @param weights tensors of this module
 */
record ModuleTree(String path, Map<String, ModuleTree> children, List<Weight> weights) {
    static ModuleTree of(Network network) {
        ModuleTree root = new ModuleTree("", new LinkedHashMap<>(), new ArrayList<>());
        for (Weight weight : network.weights()) {
            ModuleTree module = root;
            String[] names = weight.name().split("\\.");
            for (int i = 0; i < names.length - 1; i++) {
                module = module.child(names[i]);
            }
            module.weights.add(weight);
        }
        return root;
    }

    private ModuleTree child(String name) {
        String place = path.isEmpty() ? name : path + "." + name;
        return children.computeIfAbsent(
                name, n -> new ModuleTree(place, new LinkedHashMap<>(), new ArrayList<>()));
    }

    /**
     * Name of the module's class: every module has its own, because the types of its attributes are
     * its own.
     */
    String className() {
        return path.isEmpty() ? "Backbone" : "Backbone_" + path.replace('.', '_');
    }

    /** Whether it is a BatchNorm, which counts its batches in torchvision's state dict. */
    boolean countsBatches() {
        return weights.stream().anyMatch(weight -> weight.kind() == Weight.Kind.RUNNING_MEAN);
    }

    /** Source of this module's class and, before it, those of its children. */
    String declarations(String methods) {
        StringBuilder text = new StringBuilder();
        children.values().forEach(child -> text.append(child.declarations("")));
        text.append("class ").append(className()).append("(Module):\n");
        text.append("  __parameters__ = ").append(names(true)).append("\n");
        text.append("  __buffers__ = ").append(names(false)).append("\n");
        weights.forEach(weight -> text.append("  ").append(last(weight)).append(" : Tensor\n"));
        if (countsBatches()) {
            text.append("  num_batches_tracked : Tensor\n");
        }
        text.append("  training : bool\n");
        children.forEach((name, child) -> text.append(attribute(name, child)));
        return text.append(methods).toString();
    }

    private static String attribute(String name, ModuleTree child) {
        String type = "__torch__." + child.className();
        boolean digits = Character.isDigit(name.charAt(0));
        return digits
                ? "  __annotations__[\"" + name + "\"] = " + type + "\n"
                : "  " + name + " : " + type + "\n";
    }

    private String names(boolean trained) {
        StringBuilder list = new StringBuilder("[");
        weights.stream()
                .filter(weight -> weight.kind().trained() == trained)
                .forEach(weight -> list.append('"').append(last(weight)).append("\", "));
        if (!trained && countsBatches()) {
            list.append("\"num_batches_tracked\", ");
        }
        return list.append(']').toString();
    }

    static String last(Weight weight) {
        return weight.name().substring(weight.name().lastIndexOf('.') + 1);
    }

    /**
     * Expression for a tensor by its dotted name: {@code getattr(self.layer1, "0").conv1.weight}.
     */
    static String expression(String name) {
        String expression = "self";
        for (String part : name.split("\\.")) {
            boolean digits = Character.isDigit(part.charAt(0));
            expression =
                    digits
                            ? "getattr(" + expression + ", \"" + part + "\")"
                            : expression + "." + part;
        }
        return expression;
    }
}
