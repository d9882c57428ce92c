// VK_EXT_layer_settings for headers older than it (Debian 12 has 1.3.239): what ggml-vulkan names of it, laid out as the Vulkan
// specification says. Loaders that do not know it skip it.
#pragma once
#include <cstdint>
#include <vector>
#include <vulkan/vulkan_core.h>
#if VK_HEADER_VERSION < 272
namespace vk {
enum class LayerSettingTypeEXT : uint32_t { eBool32 = 0 };
struct LayerSettingEXT {
    const char *layerName;
    const char *settingName;
    LayerSettingTypeEXT type;
    uint32_t valueCount;
    const void *values;
};
struct LayerSettingsCreateInfoEXT {
    uint32_t sType = 1000496000;
    const void *next = nullptr;
    uint32_t settingCount;
    const LayerSettingEXT *settings;
    explicit LayerSettingsCreateInfoEXT(const std::vector<LayerSettingEXT> &all)
        : settingCount(static_cast<uint32_t>(all.size())), settings(all.data()) {}
};
}
#endif
