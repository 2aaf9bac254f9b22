package org.simreg.worker.engine.torch;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.simreg.worker.weights.format.script.ScriptArchive;

/**
 * A TorchScript archive of one class without weights: its attributes are empty lists of tensors
 * that a method fills. It may hold a TorchScript module from outside, whose records then lie beside
 * it.
 *
 * @see <a
 *     href="https://github.com/pytorch/pytorch/blob/main/torch/csrc/jit/docs/serialization.md">PyTorch's
 *     format</a>
 */
public final class CodeArchive {
    private CodeArchive() {}

    /** Name of the attribute that holds the module from outside. */
    public static final String MODULE = "module";

    /** Qualified name of our class beside the classes of the other archive. */
    private static final String BESIDE = "__torch__.simreg_code";

    /**
     * The archive of a class without a module.
     *
     * @param name of the class
     * @param attributes names of its lists
     * @param methods source of its methods
     */
    public static byte[] of(String name, List<String> attributes, String methods) {
        Map<String, byte[]> records = new LinkedHashMap<>();
        records.put("data.pkl", pickle("__torch__", name, attributes, new byte[0]));
        records.put("code/__torch__.py", source(name, attributes, "", methods));
        records.put("constants.pkl", new byte[] {(byte) 0x80, 2, ')', '.'});
        records.put("version", ascii("3\n"));
        return zip(records);
    }

    /**
     * The archive of a class that has the module of another archive as its attribute {@link
     * #MODULE}.
     *
     * @param name of the class
     * @param attributes names of its lists
     * @param methods source of its methods
     */
    public static byte[] around(ScriptArchive archive, String name, List<String> attributes, String methods) {
        Map<String, byte[]> records = archive.records();
        String module = "  " + MODULE + " : " + archive.className() + "\n";
        records.put("data.pkl", pickle(BESIDE, name, attributes, archive.object()));
        records.put("code/" + BESIDE.replace('.', '/') + ".py", source(name, attributes, module, methods));
        return zip(records);
    }

    private static byte[] source(String name, List<String> attributes, String module, String methods) {
        StringBuilder code = new StringBuilder("class " + name + "(Module):\n");
        code.append("  __parameters__ = []\n  __buffers__ = []\n  training : bool\n");
        code.append(module);
        attributes.forEach(attribute -> code.append("  ").append(attribute).append(" : List[Tensor]\n"));
        return code.append(methods).toString().getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] zip(Map<String, byte[]> records) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            zip.setMethod(ZipOutputStream.STORED);
            for (Map.Entry<String, byte[]> record : records.entrySet()) {
                store(zip, record.getKey(), record.getValue());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    private static void store(ZipOutputStream zip, String name, byte[] bytes) throws IOException {
        CRC32 crc = new CRC32();
        crc.update(bytes);
        ZipEntry entry = new ZipEntry("archive/" + name);
        entry.setSize(bytes.length);
        entry.setCrc(crc.getValue());
        entry.setTime(315532800000L);
        zip.putNextEntry(entry);
        zip.write(bytes);
        zip.closeEntry();
    }

    /**
     * An object of the class whose state is {training: True, module: ..., attribute:
     * build_tensorlist([])}.
     *
     * @param module pickled value; empty for none
     */
    private static byte[] pickle(String place, String name, List<String> attributes, byte[] module) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(new byte[] {(byte) 0x80, 2});
        out.writeBytes(ascii("c" + place + "\n" + name + "\n)\u0081}("));
        string(out, "training");
        out.write(0x88);
        if (module.length > 0) {
            string(out, MODULE);
            out.writeBytes(module);
        }
        for (String attribute : attributes) {
            string(out, attribute);
            out.writeBytes(ascii("ctorch.jit._pickle\nbuild_tensorlist\n(](etR"));
        }
        out.writeBytes(ascii("ub."));
        return out.toByteArray();
    }

    private static void string(ByteArrayOutputStream out, String text) {
        byte[] bytes = ascii(text);
        out.writeBytes(new byte[] {'X', (byte) bytes.length, 0, 0, 0});
        out.writeBytes(bytes);
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }
}
