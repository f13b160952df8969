// Checks requests against the documents that providers publish, by other people's validators: ajv and ajv-formats.
//
// In: a list of {document, method, path, query, headers, body} as JSON on stdin; path without the server's own path.
// Out: a list of the same length of lists of complaints.
'use strict';
const fs = require('fs');
const path = require('path');
const Ajv = require('./ajv2020.min.js');
const yaml = require('./js-yaml.min.js');
const {fullFormats} = require('./formats.js');

const documents = new Map();

function load(file) {
  if (!documents.has(file)) documents.set(file, new Document(file));
  return documents.get(file);
}

function read(file) {
  const text = fs.readFileSync(file, 'utf8');
  return file.endsWith('.json') ? JSON.parse(text) : yaml.load(text, {schema: yaml.CORE_SCHEMA, json: true});
}

class Document {
  constructor(file) {
    this.root = read(file);
    this.beside(file);
    for (const {components = {}} of [this.root, ...Object.values(this.root['x-files'])]) {
      for (const [name, part] of Object.entries(components)) components[name] = this.at(part); // whole families that lie elsewhere
    }
    this.old = !!this.root.swagger;
    if (!String(this.root.openapi || '').startsWith('3.1')) modern(this.root);
    this.opened(this.root);
    this.ajv = new Ajv({strict: false, allErrors: true, validateFormats: true, validateSchema: false, logger: false});
    this.loose = new Ajv({strict: false, allErrors: true, coerceTypes: 'array', validateSchema: false, logger: false});
    for (const ajv of [this.ajv, this.loose]) {
      for (const [name, format] of Object.entries(fullFormats)) ajv.addFormat(name, format);
      ajv.addSchema(this.root, 'doc');
    }
    this.made = new Map();
    this.answered = new Set(); // names of what only answers have, though it is called required
    const walk = (node, name) => {
      if (!node || typeof node !== 'object') return;
      if (node.readOnly === true) this.answered.add(name);
      Object.entries(node).forEach(([k, v]) => walk(v, k));
    };
    walk(this.root, '');
  }

  // beside takes the files in that lie beside the document and are referred to, as x-files.
  beside(file) {
    const files = this.root['x-files'] = {};
    const walk = (node, own) => {
      if (!node || typeof node !== 'object') return;
      if (typeof node.$ref === 'string') {
        const [other, pointer = ''] = node.$ref.split('#');
        if (other.includes('://')) { // never asked: anything
          delete node.$ref;
          return;
        }
        if (other) {
          if (!files[other]) { files[other] = read(path.join(path.dirname(file), other)); walk(files[other], other); }
          node.$ref = `#/x-files/${escaped(other)}${pointer}`;
        } else if (own) node.$ref = `#/x-files/${escaped(own)}${pointer}`;
      }
      Object.values(node).forEach(v => walk(v, own));
    };
    walk({...this.root, 'x-files': undefined}, '');
  }

  // at follows a reference within the document.
  at(node) {
    for (let n = 0; node && node.$ref && n < 50; n++) node = this.to(node.$ref);
    return node;
  }

  // to is what a pointer leads to, through references on its way.
  to(pointer) {
    return pointer.split('/').slice(1).reduce((x, part) => (x = x && x.$ref ? this.at(x) : x) && x[decodeURIComponent(part).replace(/~1/g, '/').replace(/~0/g, '~')], this.root);
  }

  // opened has the parts of an allOf closed together: each closed for itself, as many documents write it, nothing could ever be right.
  opened(node, seen = new Set()) {
    if (!node || typeof node !== 'object' || seen.has(node)) return;
    seen.add(node);
    Object.values(node).forEach(v => this.opened(v, seen));
    if (!Array.isArray(node.allOf)) return;
    let closed = false;
    const open = part => {
      part = this.at(part);
      if (!part || typeof part !== 'object') return;
      for (const how of ['additionalProperties', 'unevaluatedProperties']) {
        if (part[how] === false) { delete part[how]; closed = true; }
      }
      for (const inner of [...(part.allOf || []), ...(part.oneOf || []), ...(part.anyOf || [])]) open(inner);
    };
    open(node);
    if (closed) node.unevaluatedProperties = false;
  }

  check(ajv, pointer, value) {
    const key = (ajv === this.ajv ? 'strict ' : 'loose ') + pointer;
    if (!this.made.has(key)) this.made.set(key, ajv.compile({$ref: 'doc#' + pointer}));
    const validate = this.made.get(key);
    if (validate(value)) return [];
    // Branches of a oneOf that do not exclude each other are the document's fault: a value that fits several is taken.
    const errors = validate.errors.filter(e => (e.keyword !== 'oneOf' || !e.params.passingSchemas) && !(e.keyword === 'required' && this.answered.has(e.params.missingProperty)));
    return errors.map(e => `${e.instancePath || '/'} ${e.message} ${JSON.stringify(e.params)}`);
  }
}

// modern turns what OpenAPI 3.0 and 2.0 write otherwise into JSON Schema 2020-12, in place.
function modern(node, seen = new Set()) {
  if (!node || typeof node !== 'object' || seen.has(node)) return;
  seen.add(node);
  if (typeof node.$ref === 'string') for (const key of ['type', 'format', 'minimum', 'maximum', 'enum', 'properties', 'required']) delete node[key]; // nothing, beside a reference
  if (typeof node.in === 'string' && typeof node.name === 'string' && typeof node.type === 'string' && !node.schema) {
    const {name, in: place, required, ...schema} = node; // a parameter of 2.0 is its own schema
    node.schema = schema;
  }
  for (const [bound, strict] of [['minimum', 'exclusiveMinimum'], ['maximum', 'exclusiveMaximum']]) {
    if (node[strict] === true && typeof node[bound] === 'number') { node[strict] = node[bound]; delete node[bound]; }
    else if (typeof node[strict] === 'boolean') delete node[strict];
  }
  if (node.nullable === true && typeof node.type === 'string') { node.type = [node.type, 'null']; if (Array.isArray(node.enum) && !node.enum.includes(null)) node.enum = [...node.enum, null]; }
  if ('nullable' in node && typeof node.nullable === 'boolean') delete node.nullable;
  if (Array.isArray(node.required) === false && typeof node.required === 'boolean' && node.in === undefined && node.content === undefined) delete node.required;
  Object.values(node).forEach(v => modern(v, seen));
}

const escaped = s => encodeURIComponent(s.replace(/~/g, '~0').replace(/\//g, '~1'));

function find(doc, request) {
  const server = ((doc.root.servers || [])[0] || {}).url || '';
  const base = server.includes('{') && !(doc.root.servers[0].variables) ? '/' + server.split('/').filter(part => part.includes('{')).join('/') : ''; // holes of the server's address, which paths take over
  for (const [path, item] of Object.entries(doc.root.paths)) {
    const template = base + path;
    const names = [];
    const pattern = template.split(/(\{[^}]+\})/).map(p => p.startsWith('{') ? (names.push(p.slice(1, -1)), '([^/]+)') : p.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('');
    const match = new RegExp('^' + pattern + '$').exec(request.path);
    const method = request.method.toLowerCase();
    if (match && item[method]) {
      return {path, method, item, operation: doc.at(item[method]), where: item[method].$ref, values: Object.fromEntries(names.map((n, i) => [n, decodeURIComponent(match[i + 1])]))};
    }
  }
}

// cookie is the value of a cookie of the request.
function cookie(request, name) {
  const found = (request.headers.cookie || '').split('; ').find(one => one.startsWith(name + '='));
  return found === undefined ? undefined : decodeURIComponent(found.slice(name.length + 1));
}

function inspect(request) {
  const doc = load(request.document);
  const found = find(doc, request);
  if (!found) return [`no operation ${request.method} ${request.path}`];
  const wrong = [];
  const at = `/paths/${escaped(found.path)}`;
  found.pointer = found.where ? found.where.slice(1) : `${at}/${found.method}`;
  const lists = [[found.operation.parameters || [], `${found.pointer}/parameters`], [found.item.parameters || [], `${at}/parameters`]];
  const known = {query: new Set(), header: new Set()};
  for (const [list, where] of lists) {
    list.forEach((one, i) => {
      const p = doc.at(one);
      let pointer = one.$ref ? one.$ref.slice(1) : `${where}/${i}`;
      if (known[p.in]) known[p.in].add(p.in === 'header' ? p.name.toLowerCase() : p.name);
      if (p.in === 'body' || p.in === 'formData') return;
      let given;
      if (p.in === 'path') given = found.values[p.name];
      if (p.in === 'query') given = request.query[p.name];
      if (p.in === 'header') given = request.headers[p.name.toLowerCase()];
      if (p.in === 'cookie') given = cookie(request, p.name);
      if (Array.isArray(given) && given.length === 1 && (doc.at(p.schema || p) || {}).type !== 'array') given = given[0];
      if (given === undefined || given === '') {
        if (p.required && !(p.in === 'header' && p.name.toLowerCase() === 'authorization')) wrong.push(`${p.in} ${p.name} is required`);
        return;
      }
      if (p.schema) pointer += '/schema';
      wrong.push(...doc.check(doc.loose, pointer, given).map(e => `${p.in} ${p.name}: ${e}`));
    });
  }
  for (const name of Object.keys(request.query)) {
    if (!known.query.has(name) && !(request.keys || []).includes(name)) wrong.push(`query ${name} is not documented`);
  }
  wrong.push(...body(doc, found, request));
  return wrong;
}

// form reads the fields of a form as the media type's encoding has them: a[b][0]=… where the style is deepObject, a=1,2 where it is not exploded.
function form(fields, encoding, schema, doc) {
  const out = {};
  for (const [key, text] of fields) {
    const [name, ...inner] = key.split(/\[|\]\[|\]/).filter((part, i) => i === 0 || part !== '');
    const property = doc.at((schema.properties || {})[name]) || {};
    const how = (encoding || {})[name] || {};
    if (inner.length && how.style !== 'deepObject') return {[key]: 'brackets'};
    if (inner.length) {
      let at = out[name] = out[name] || (property.type === 'array' ? [] : {});
      inner.forEach((part, i) => { at = at[part] = i === inner.length - 1 ? text : at[part] || {}; });
    } else if (property.type === 'array' && how.explode === false) out[name] = text.split(',');
    else if (property.type === 'array' && text[0] !== '[') (out[name] = out[name] || []).push(text);
    else out[name] = property.type === 'object' || property.type === 'array' ? JSON.parse(text) : text;
  }
  return out;
}

// parts are the fields of multipart/form-data.
function parts(text) {
  const boundary = text.slice(0, text.indexOf('\r\n'));
  return text.split(boundary).slice(1, -1).map(part => {
    const end = part.indexOf('\r\n\r\n');
    return [/name="([^"]*)"/.exec(part.slice(0, end))[1], part.slice(end + 4, -2)];
  });
}

function body(doc, found, request) {
  if (doc.old) {
    const i = (found.operation.parameters || []).findIndex(p => doc.at(p).in === 'body');
    const fields = (found.operation.parameters || []).map(p => doc.at(p)).filter(p => p.in === 'formData');
    if (fields.length) {
      const given = new URLSearchParams(request.body);
      return [...given.keys()].filter(name => !fields.some(p => p.name === name)).map(name => `form ${name} is not documented`).concat(
        fields.filter(p => p.required && !given.has(p.name)).map(p => `form ${p.name} is required`));
    }
    if (i < 0) return request.body ? ['there is no body'] : [];
    const one = found.operation.parameters[i];
    return doc.check(doc.ajv, (one.$ref ? one.$ref.slice(1) : `${found.pointer}/parameters/${i}`) + '/schema', JSON.parse(request.body));
  }
  const described = found.operation.requestBody;
  if (!described) return request.body ? ['there is no body'] : [];
  const whole = doc.at(described);
  if (!request.body) return whole.required ? ['the body is required'] : [];
  const type = (request.headers['content-type'] || '').split(';')[0].trim();
  const media = Object.keys(whole.content).find(m => m.split(';')[0].trim() === type || m === '*/*');
  if (!media) return [`content type ${type} is none of ${Object.keys(whole.content)}`];
  const pointer = described.$ref ? described.$ref.slice(1) : `${found.pointer}/requestBody`;
  const schema = `${pointer}/content/${escaped(media)}/schema`;
  const content = whole.content[media];
  if (type === 'application/x-www-form-urlencoded') return doc.check(doc.loose, schema, form(new URLSearchParams(request.body), content.encoding, doc.at(content.schema), doc));
  if (type === 'multipart/form-data') return doc.check(doc.loose, schema, form(parts(request.body), content.encoding, doc.at(content.schema), doc));
  return doc.check(doc.ajv, schema, JSON.parse(request.body));
}

const requests = JSON.parse(fs.readFileSync(0, 'utf8'));
process.stdout.write(JSON.stringify(requests.map(r => { try { return inspect(r); } catch (e) { return [String(e.stack || e)]; } })));
