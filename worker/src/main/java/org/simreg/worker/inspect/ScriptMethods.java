package org.simreg.worker.inspect;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.simreg.proto.UserError;

/** The methods of a TorchScript archive's outermost class, by the source that it carries. */
final class ScriptMethods {
    private static final int MOST_BYTES = 1 << 23;
    private static final Pattern METHOD =
            Pattern.compile("\n  def (\\w+)\\((.*?)\\)( -> [^\n]*)?:\n", Pattern.DOTALL);

    private ScriptMethods() {}

    /**
     * @param type of the outermost object, {@code __torch__.place.Net}
     * @return "forward(x: Tensor) -> Tensor"; none if the source is not where the type says
     * @throws UserError if the archive can't be read
     */
    static List<String> of(Path file, String type) {
        int dot = type.lastIndexOf('.');
        if (dot < 0) {
            return List.of();
        }
        String source = "code/" + type.substring(0, dot).replace('.', '/') + ".py";
        try (ZipFile zip = new ZipFile(file.toFile())) {
            ZipEntry entry =
                    zip.stream()
                            .filter(e -> e.getName().endsWith("/" + source))
                            .findFirst()
                            .orElse(null);
            if (entry == null) {
                return List.of();
            }
            try (InputStream in = zip.getInputStream(entry)) {
                byte[] code = in.readNBytes(MOST_BYTES);
                return methods(new String(code, StandardCharsets.UTF_8), type.substring(dot + 1));
            }
        } catch (IOException e) {
            throw new UserError(
                    "Can't read the methods of %s: its archive is damaged; copy it again"
                            .formatted(file),
                    e);
        }
    }

    private static List<String> methods(String code, String name) {
        String begin = "class " + name + "(Module):";
        int from = code.indexOf(begin);
        if (from < 0) {
            return List.of();
        }
        int next = code.indexOf("\nclass ", from);
        Matcher method = METHOD.matcher(code.substring(from, next < 0 ? code.length() : next));
        List<String> methods = new ArrayList<>();
        while (method.find()) {
            String arguments = method.group(2).replaceAll("\\s+", " ").strip();
            arguments = arguments.replaceFirst("^self(: [\\w.]+)?(, )?", "");
            String result = method.group(3) == null ? "" : method.group(3);
            methods.add(method.group(1) + "(" + arguments + ")" + result);
        }
        return methods;
    }
}
